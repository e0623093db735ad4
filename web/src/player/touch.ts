// Fingers: which controls lie on the screen for this title, whether they show now, and what they press.

import type { InputKind } from '../api';
import { h } from './dom';
import { PAD_BUTTONS, bit, type PadInput } from './input/pad';
import type { Surface } from './surface';
import { settings } from './settings';
import { SCREEN_KEYS, shownButtons, touchLayout, type TouchLayout } from './touchlayout';
import { Touchpad } from './touchpad';

export interface TouchHooks {
  kinds(): ReadonlySet<InputKind>;
  pad(pad: PadInput): void;
  /** The keys the controls hold, for a title that reads keys. */
  keys(codes: string[]): void;
}

export class Touch {
  readonly pad: Touchpad;
  private readonly pointer = h('i', { class: 'pointer', hidden: true });
  private layout: TouchLayout = touchLayout(new Set(), 'auto');
  /** The person's own choice about the controls, once made. */
  private wish: boolean | null = null;
  private gamepadInUse = false;

  constructor(
    private readonly stage: HTMLElement,
    private readonly hooks: TouchHooks,
  ) {
    this.pad = new Touchpad((pad) => this.press(pad));
    stage.append(this.pointer);
  }

  /** Whether the controls show; null where they are of no use. */
  get shown(): boolean | null {
    return this.layout.controls === null ? null : this.pad.shown;
  }

  /** Whether fingers on the picture push a pointer. */
  get isTrackpad(): boolean {
    return this.layout.picture === 'trackpad';
  }

  /** What fingers do on the picture. */
  get picture(): TouchLayout['picture'] {
    return this.layout.picture;
  }

  toggle(): void {
    this.wish = !this.pad.shown;
    this.arrange();
  }

  /** A gamepad makes the controls needless, a finger needed again. */
  use(device: 'gamepad' | 'finger'): void {
    this.gamepadInUse = device === 'gamepad';
    this.arrange();
  }

  /** Takes up what the title reads and what the person has chosen. */
  arrange(): void {
    const { touchPointer, touchButtons, touchSteer, touchMirror, touchOpacity } = settings();
    this.layout = touchLayout(this.hooks.kinds(), touchPointer);
    const keys = this.layout.controls === 'keys';
    const labels = keys ? Object.fromEntries(Object.entries(SCREEN_KEYS).map(([button, [, label]]) => [button, label])) : {};
    this.pad.look({ steer: keys ? 'cross' : touchSteer, buttons: shownButtons(touchButtons), mirror: touchMirror, opacity: touchOpacity, labels });
    const coarse = matchMedia('(pointer: coarse)').matches;
    const automatic = coarse && this.layout.automatic && !this.gamepadInUse;
    this.pad.show(this.layout.controls !== null && (this.wish ?? automatic));
    this.stage.toggleAttribute('data-pad', this.pad.shown);
    this.stage.toggleAttribute('data-shoulders', touchButtons === 'all');
    this.pointer.hidden = true;
  }

  /** Shows where the pushed pointer is; titles need not draw one. Shares of the picture. */
  point(x: number, y: number, surface: Surface): void {
    this.pointer.hidden = this.hooks.kinds().has('motion');
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = surface.element as HTMLElement;
    this.pointer.style.translate = `${offsetLeft + x * offsetWidth}px ${offsetTop + y * offsetHeight}px`;
  }

  close(): void {
    this.pad.element.remove();
    this.pointer.remove();
  }

  private press(pad: PadInput): void {
    if (this.layout.controls !== 'keys') return this.hooks.pad(pad);
    this.hooks.keys(PAD_BUTTONS.filter((button) => pad.buttons & bit(button)).flatMap((button) => SCREEN_KEYS[button]?.[0] ?? []));
  }
}
