// All ways of playing, put together for one element: who gets a key, a finger or a button now, the title or what lies over it.

import type { InputKind } from '../api';
import { Gamepads } from './input/gamepad';
import { Keyboard } from './input/keyboard';
import type { PadInput } from './input/pad';
import { Pointers } from './input/pointer';
import { ScriptPad, type ScriptInput } from './input/script';
import type { InputState } from './input/state';
import { createTextField } from './input/text';
import type { Play } from './play';
import type { Sheet } from './sheet';
import { PadSteer } from './steer';
import type { Surface } from './surface';
import { Touchpad } from './touchpad';

/** How long Escape must be held for the menu, where the title has a use for the key itself, in ms. */
const ESCAPE_HOLD_MS = 500;

export interface ControlHooks {
  menu(): void;
  /** Anything moved: the buttons show themselves. */
  stirred(): void;
}

export class Controls {
  readonly touchpad: Touchpad;
  readonly field: HTMLTextAreaElement;
  private readonly state: InputState;
  private readonly keyboard: Keyboard;
  private readonly gamepads: Gamepads;
  private readonly pointers: Pointers;
  private readonly script: ScriptPad;
  private readonly steer = new PadSteer();
  private readonly abort = new AbortController();
  private escape: ReturnType<typeof setTimeout> | null = null;
  private steering = false;
  /** The person's own choice about the on-screen pad, once made. */
  private padWish: boolean | null = null;
  private padInUse = false;

  constructor(
    private readonly host: HTMLElement,
    private readonly stage: HTMLElement,
    private readonly play: Play,
    private readonly surface: Surface,
    private readonly sheet: Sheet,
    private readonly hooks: ControlHooks,
  ) {
    this.state = play.input;
    const kinds = () => play.kinds;
    const changed = () => play.changed(true);
    this.script = new ScriptPad(this.state);
    this.keyboard = new Keyboard(this.state, kinds, { changed, asPad: () => play.keysAsPad, used: () => this.usedPad(false) });
    this.gamepads = new Gamepads(this.state, {
      changed,
      used: () => this.usedPad(true),
      menu: hooks.menu,
      steer: (pad) => this.steerSheet(pad),
    });
    this.pointers = new Pointers(stage, this.state, kinds, { changed: (urgent) => play.changed(urgent), box: () => surface.box() });
    this.touchpad = new Touchpad((pad) => {
      if (this.state.setPad('touch', pad)) changed();
    });
    this.field = createTextField({ text: (text) => play.typed(text), tap: (code) => this.keyboard.tap(code) });
    this.listen();
    this.gamepads.start();
  }

  /** The title has said what it understands. */
  understood(kinds: ReadonlySet<InputKind>): void {
    if (kinds.has('text') && !matchMedia('(pointer: coarse)').matches) this.field.focus({ preventScroll: true });
    this.arrangeTouchpad();
  }

  /** Whether the on-screen pad shows; null where it is of no use. */
  get touchpadWish(): boolean | null {
    return this.play.kinds.has('pad') ? this.touchpad.shown : null;
  }

  toggleTouchpad(): void {
    this.padWish = !this.touchpad.shown;
    this.arrangeTouchpad();
  }

  send(input: ScriptInput): void {
    this.script.apply(input, this.surface.box());
    if (input.text) this.play.typed(input.text);
    this.play.changed(true);
  }

  /** Lets go of everything, at once. */
  release(): void {
    this.keyboard.release();
    this.pointers.release();
    this.touchpad.release();
    this.script.release();
    this.state.release();
    this.play.changed(true);
  }

  close(): void {
    this.abort.abort();
    this.gamepads.stop();
    this.pointers.close();
    this.touchpad.element.remove();
    this.field.remove();
  }

  private listen(): void {
    const signal = this.abort.signal;
    const key = (event: KeyboardEvent) => this.key(event);
    for (const target of [this.host, document.body] as HTMLElement[]) {
      target.addEventListener('keydown', key, { signal });
      target.addEventListener('keyup', key, { signal });
    }
    addEventListener('blur', () => this.release(), { signal });
    this.host.addEventListener('focusout', () => this.keyboard.release(), { signal });
    this.host.addEventListener('pointermove', () => this.hooks.stirred(), { signal });
    this.stage.addEventListener('pointerdown', (event) => this.touched(event), { signal });
    this.stage.addEventListener('touchmove', (event) => event.preventDefault(), { signal, passive: false });
    document.addEventListener('visibilitychange', () => this.visibility(), { signal });
  }

  private visibility(): void {
    if (document.hidden) this.release();
    this.play.visible(!document.hidden);
  }

  private touched(event: PointerEvent): void {
    this.hooks.stirred();
    if (event.pointerType === 'touch') {
      this.padInUse = false;
      this.arrangeTouchpad();
    }
    // The press must not take the focus to somewhere that hears no keys.
    event.preventDefault();
    if (this.play.kinds.has('text')) this.field.focus({ preventScroll: true });
    else this.host.focus({ preventScroll: true });
  }

  /** Keys go to the title when the element has the focus, and when nothing in the page has it. */
  private key(event: KeyboardEvent): void {
    if (event.currentTarget !== this.host && event.target !== document.body) return;
    if (this.sheet.open || this.play.state !== 'playing') return;
    if (event.composedPath().some((node) => node instanceof HTMLButtonElement)) return;
    if (event.code === 'Escape' && this.escapeKey(event)) return;
    this.keyboard.handle(event);
  }

  /** Whether Escape was for us alone. A title that reads keys gets it, and the menu opens when it is held. */
  private escapeKey(event: KeyboardEvent): boolean {
    const wanted = this.play.kinds.has('keys');
    if (event.type === 'keyup') {
      if (this.escape !== null) clearTimeout(this.escape);
      this.escape = null;
    } else if (!wanted) {
      this.hooks.menu();
    } else if (!event.repeat) {
      this.escape = setTimeout(() => this.hooks.menu(), ESCAPE_HOLD_MS);
    }
    return !wanted;
  }

  private usedPad(gamepad: boolean): void {
    this.padInUse = gamepad || this.padInUse;
    if (gamepad) this.arrangeTouchpad();
  }

  private arrangeTouchpad(): void {
    const coarse = matchMedia('(pointer: coarse)').matches;
    const { kinds } = this.play;
    const automatic = coarse && !kinds.has('touch') && !this.padInUse;
    this.touchpad.show(kinds.has('pad') && (this.padWish ?? automatic));
    this.stage.toggleAttribute('data-pad', this.touchpad.shown);
  }

  private steerSheet(pad: PadInput): boolean {
    if (this.sheet.open && !this.steering) this.steer.ignoreHeld(pad);
    else if (this.sheet.open) for (const move of this.steer.moves(pad, performance.now())) this.sheet.move(move);
    const busy = this.sheet.open || (this.steering && pad.buttons !== 0);
    // After the sheet closes, the press that closed it must not reach the title.
    this.steering = busy;
    return busy;
  }
}
