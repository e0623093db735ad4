// All ways of playing, put together for one element: who gets a key, a finger or a button now, the title or what lies over it.

import type { InputKind } from '../api';
import { Desk } from './desk';
import { Bindings, type Act } from './input/bindings';
import type { PadEvent } from './input/desk';
import { Gamepads } from './input/gamepad';
import { usageOf } from './input/hid';
import { Keyboard } from './input/keyboard';
import type { PadInput } from './input/pad';
import type { Rumble } from './input/rumble';
import { Pointers } from './input/pointer';
import { ScriptPad, type ScriptInput } from './input/script';
import type { InputState } from './input/state';
import { createTextField } from './input/text';
import type { Play } from './play';
import { settings } from './settings';
import type { Sheet } from './sheet';
import { PadSteer } from './steer';
import { layerOf } from './storage';
import type { Surface } from './surface';
import { Touch } from './touch';

/** How long Escape must be held for the menu, where the title has a use for the key itself, in ms. */
const ESCAPE_HOLD_MS = 500;

export interface ControlHooks {
  menu(): void;
  /** Anything moved: the buttons show themselves. */
  stirred(): void;
  /** Gamepads came, went, or play as somebody. */
  pads(events: PadEvent[]): void;
  /** The picture is in a window of its own, so a hidden page is still played. */
  away(): boolean;
  hidden(hidden: boolean): void;
  /** What lasts and is worth knowing is another now. */
  standing(): void;
  tell(text: string): void;
  /** A button for something that the browser wants a click for. */
  offer(text: string, act: () => void): void;
  /** A key of ours was pressed. */
  act(act: Act): void;
}

export class Controls {
  readonly touch: Touch;
  readonly field: HTMLTextAreaElement;
  readonly gamepads: Gamepads;
  readonly desk: Desk;
  bindings: Bindings;
  private readonly state: InputState;
  private readonly keyboard: Keyboard;
  private readonly pointers: Pointers;
  private readonly script: ScriptPad;
  private readonly steer = new PadSteer();
  private readonly abort = new AbortController();
  private escape: ReturnType<typeof setTimeout> | null = null;
  private steering = false;
  private screenKeys: string[] = [];

  constructor(
    private readonly host: HTMLElement,
    private readonly stage: HTMLElement,
    private readonly play: Play,
    private readonly surface: Surface,
    private readonly sheet: Sheet,
    private readonly hooks: ControlHooks,
  ) {
    this.state = play.input;
    this.bindings = this.keptBindings();
    const kinds = () => play.kinds;
    const changed = () => play.changed(true);
    this.script = new ScriptPad(this.state);
    this.keyboard = new Keyboard(this.state, kinds, { changed, asPad: () => play.keysAsPad, takesAll: () => play.program, bindings: () => this.bindings });
    this.gamepads = new Gamepads(this.state, {
      changed,
      used: () => this.touch.use('gamepad'),
      menu: hooks.menu,
      steer: (pad) => this.steerSheet(pad),
      bindings: () => this.bindings,
      news: (events) => this.padNews(events),
    });
    this.touch = new Touch(stage, {
      kinds,
      pad: (pad) => this.state.setPad('touch', pad) && changed(),
      keys: (codes) => this.holdScreenKeys(codes),
    });
    this.pointers = new Pointers(stage, this.state, kinds, {
      changed: (urgent) => this.pointed(urgent),
      box: () => surface.box(),
      asTrackpad: () => this.touch.isTrackpad,
      locks: () => (play.program ? this.desk.locks : play.kinds.has('motion')),
    });
    this.desk = new Desk(
      stage,
      surface,
      {
        say: (message) => play.say(message),
        sizes: () => play.program && play.role === 'host' && play.state === 'playing' && !document.hidden && !hooks.away(),
        exchanges: () => play.program && play.may.includes('clipboard'),
        points: () => play.program && play.kinds.has('mouse'),
        key: (event) => this.keyboard.handle(event),
        standing: hooks.standing,
        tell: hooks.tell,
        offer: hooks.offer,
      },
      this.abort.signal,
    );
    this.field = createTextField({ text: (text) => play.typed(text), tap: (code) => this.keyboard.tap(code) });
    this.listen();
    this.gamepads.start();
  }

  /** The title has said what it understands. */
  understood(kinds: ReadonlySet<InputKind>): void {
    if (kinds.has('text') && !matchMedia('(pointer: coarse)').matches) this.field.focus({ preventScroll: true });
    this.gamepads.desk.players = this.play.seatsAllowed;
    this.touch.arrange();
    this.desk.changed();
  }

  /** Takes up keys and buttons that were changed. */
  rebind(): void {
    this.release();
    this.bindings = this.keptBindings();
  }

  /** Gives a gamepad to a player; null leaves it out. */
  givePad(index: number, player: number | null): void {
    this.gamepads.desk.give(index, player);
    this.padNews([]);
  }

  /** Keys pressed in another window of ours are meant for the title too. */
  listenIn(window: Window): void {
    const signal = this.abort.signal;
    const key = (event: KeyboardEvent) => this.play.state === 'playing' && !this.sheet.open && this.keyboard.handle(event);
    window.document.addEventListener('keydown', key, { signal });
    window.document.addEventListener('keyup', key, { signal });
    window.addEventListener('blur', () => this.release(), { signal });
  }

  send(input: ScriptInput): void {
    this.script.apply(input, this.surface.box());
    if (input.text) this.play.typed(input.text);
    this.play.changed(true);
  }

  /** A title shakes the pads of a player here, unless the person wants none of it, or looks elsewhere. */
  rumble(place: number, rumble: Rumble): void {
    const away = this.sheet.open || (document.hidden && !this.hooks.away());
    if (settings().rumble && this.play.state === 'playing' && !away) this.gamepads.rumble(place, rumble);
  }

  /** Lets go of everything, at once; nothing shakes on. */
  release(): void {
    this.gamepads.still();
    this.keyboard.release();
    this.desk.release();
    this.pointers.release();
    this.touch.pad.release();
    this.script.release();
    this.state.release();
    this.play.changed(true);
  }

  close(): void {
    this.abort.abort();
    this.gamepads.still();
    this.gamepads.stop();
    this.pointers.close();
    this.touch.close();
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

  /** The page was hidden or is seen again, or its picture left for a window or came back. */
  visibility(): void {
    const hidden = document.hidden && !this.hooks.away();
    if (hidden) this.release();
    this.hooks.hidden(hidden);
    this.play.visible(!hidden);
  }

  private touched(event: PointerEvent): void {
    this.hooks.stirred();
    if (event.pointerType === 'touch') this.touch.use('finger');
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
    if (this.actKey(event)) return;
    if (this.play.program && (this.desk.holds(event) || this.isText(event))) return;
    this.keyboard.handle(event);
  }

  /** Whether a key is part of a text that the field takes up: a program's keyboard has no key like it. */
  private isText(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown' || !this.play.kinds.has('text') || event.metaKey) return false;
    if (event.isComposing || event.key === 'Dead' || event.key === 'Process') return true;
    return event.key.length === 1 && event.key > '~' && (!event.ctrlKey || event.getModifierState('AltGraph'));
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

  /** Whether a key was for us: the title hears nothing of it. */
  private actKey(event: KeyboardEvent): boolean {
    const act = this.play.program || event.ctrlKey || event.altKey || event.metaKey ? undefined : this.bindings.acts(this.play.keysAsPad).get(event.code)?.[0];
    if (!act) return false;
    event.preventDefault();
    if (event.type === 'keydown' && !event.repeat) this.hooks.act(act);
    return true;
  }

  private keptBindings(): Bindings {
    return new Bindings(layerOf(this.play.title), layerOf(null));
  }

  private pointed(urgent: boolean): void {
    const { x, y } = this.state.pointer;
    if (this.touch.isTrackpad) this.touch.point(x / 65535, y / 65535, this.surface);
    this.play.changed(urgent);
  }

  private holdScreenKeys(codes: string[]): void {
    for (const code of this.screenKeys) if (!codes.includes(code)) this.state.setKey(usageOf(code)!, false);
    for (const code of codes) this.state.setKey(usageOf(code)!, true);
    this.screenKeys = codes;
    this.play.changed(true);
  }

  private padNews(events: PadEvent[]): void {
    this.play.needSeats(this.gamepads.desk.used);
    this.hooks.pads(events);
  }

  private steerSheet(pad: PadInput): boolean {
    if (this.sheet.open && (!this.steering || this.sheet.listening)) this.steer.ignoreHeld(pad);
    else if (this.sheet.open) for (const move of this.steer.moves(pad, performance.now())) this.sheet.move(move);
    const busy = this.sheet.open || (this.steering && pad.buttons !== 0);
    // After the sheet closes, the press that closed it must not reach the title.
    this.steering = busy;
    return busy;
  }
}
