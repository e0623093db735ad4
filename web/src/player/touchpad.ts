// The on-screen pad for fingers: a stick or a cross under one thumb, buttons under the other, shoulders above, start and select between.
//
// Each finger belongs to what it came down on; on the buttons it may slide from one to the next.

import { h } from './dom';
import { NO_PAD, bit, type PadButton, type PadInput } from './input/pad';
import type { TouchSteer } from './settings';

/** Deflection at which a direction counts as pressed, as a share of the radius. */
const PRESSED = 0.35;

/** How the controls look and lie. */
export interface TouchpadLook {
  steer: TouchSteer;
  buttons: readonly PadButton[];
  mirror: boolean;
  opacity: number;
  /** What the buttons are called, where not by their own names. */
  labels: Partial<Record<PadButton, string>>;
}

const NAMES: Partial<Record<PadButton, string>> = { a: 'A', b: 'B', x: 'X', y: 'Y', l1: 'L1', r1: 'R1', l2: 'L2', r2: 'R2', select: 'Select', start: 'Start' };

/** The pad for a thumb at (x, y), both -1 to 1 from the middle: the stick itself, unless it is a cross, and the nearest of eight directions. */
export function padOfThumb(x: number, y: number, steer: TouchSteer = 'stick'): PadInput {
  const length = Math.hypot(x, y);
  const pad = { ...NO_PAD };
  if (length < PRESSED) return pad;
  const scale = Math.min(1, length) / length;
  if (steer === 'stick') [pad.lx, pad.ly] = [x * scale, y * scale];
  const eighth = Math.round(Math.atan2(y, x) / (Math.PI / 4));
  if (Math.abs(eighth) <= 1) pad.buttons |= bit('right');
  if (Math.abs(eighth) >= 3) pad.buttons |= bit('left');
  if (eighth >= 1 && eighth <= 3) pad.buttons |= bit('down');
  if (eighth <= -1 && eighth >= -3) pad.buttons |= bit('up');
  return pad;
}

export class Touchpad {
  readonly element: HTMLElement;
  private readonly knob = h('i', { class: 'knob' });
  private readonly stick = h('div', { class: 'stick', aria: { hidden: 'true' } }, this.knob);
  private readonly buttons = new Map<PadButton, HTMLElement>();
  private steer: TouchSteer = 'stick';
  private thumb: { pointer: number; pad: PadInput } | null = null;
  private readonly fingers = new Map<number, PadButton | null>();

  constructor(private readonly changed: (pad: PadInput) => void) {
    const face = h('div', { class: 'face' }, this.button('y', 'n'), this.button('x', 'w'), this.button('b', 'e'), this.button('a', 's'));
    const middle = h('div', { class: 'middle' }, this.button('select', 'small'), this.button('start', 'small'));
    const left = h('div', { class: 'shoulders near' }, this.button('l2', 'small'), this.button('l1', 'small'));
    const right = h('div', { class: 'shoulders far' }, this.button('r1', 'small'), this.button('r2', 'small'));
    this.element = h('div', { class: 'touchpad', hidden: true, aria: { hidden: 'true' } }, left, right, this.stick, middle, face);
    this.listen();
  }

  look({ steer, buttons, mirror, opacity, labels }: TouchpadLook): void {
    this.steer = steer;
    this.element.dataset.steer = steer;
    this.element.toggleAttribute('data-mirror', mirror);
    this.element.toggleAttribute('data-few', !buttons.includes('x'));
    this.element.style.opacity = String(opacity);
    for (const [name, element] of this.buttons) {
      element.hidden = !buttons.includes(name);
      element.textContent = labels[name] ?? NAMES[name]!;
      element.toggleAttribute('data-long', element.textContent.length > 2);
    }
  }

  get shown(): boolean {
    return !this.element.hidden;
  }

  show(shown: boolean): void {
    if (shown === this.shown) return;
    this.element.hidden = !shown;
    if (!shown) this.release();
  }

  release(): void {
    this.thumb = null;
    this.fingers.clear();
    this.tell();
  }

  private button(name: PadButton, className: string): HTMLElement {
    const element = h('div', { class: `key ${className}` });
    element.dataset.button = name;
    this.buttons.set(name, element);
    return element;
  }

  private listen(): void {
    this.stick.addEventListener('pointerdown', (event) => this.grab(event));
    this.element.addEventListener('pointerdown', (event) => this.press(event));
    for (const type of ['pointermove', 'pointerup', 'pointercancel'] as const) {
      this.element.addEventListener(type, (event) => (type === 'pointermove' ? this.slide(event) : this.lift(event)));
    }
    this.element.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  private grab(event: PointerEvent): void {
    event.preventDefault();
    this.stick.setPointerCapture(event.pointerId);
    this.thumb = { pointer: event.pointerId, pad: NO_PAD };
    this.slide(event);
  }

  private press(event: PointerEvent): void {
    const button = this.under(event);
    if (!button) return;
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, button);
    navigator.vibrate?.(6);
    this.tell();
  }

  private slide(event: PointerEvent): void {
    if (event.pointerId === this.thumb?.pointer) {
      const box = this.stick.getBoundingClientRect();
      const x = (event.clientX - box.left - box.width / 2) / (box.width / 2);
      const y = (event.clientY - box.top - box.height / 2) / (box.height / 2);
      this.thumb.pad = padOfThumb(x, y, this.steer);
    } else if (this.fingers.has(event.pointerId)) {
      this.fingers.set(event.pointerId, this.under(event));
    } else {
      return;
    }
    this.tell();
  }

  private lift(event: PointerEvent): void {
    if (event.pointerId === this.thumb?.pointer) this.thumb = null;
    else if (!this.fingers.delete(event.pointerId)) return;
    this.tell();
  }

  /** The button under a finger; near enough counts, thumbs are wide. */
  private under(event: PointerEvent): PadButton | null {
    for (const [name, element] of this.buttons) {
      if (element.hidden) continue;
      const box = element.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
      if (Math.abs(x) < box.width * 0.6 && Math.abs(y) < box.height * 0.6) return name;
    }
    return null;
  }

  private tell(): void {
    const pad = { ...(this.thumb?.pad ?? NO_PAD) };
    for (const name of this.fingers.values()) if (name) pad.buttons |= bit(name);
    const pressed = new Set(this.fingers.values());
    for (const [name, element] of this.buttons) element.toggleAttribute('data-held', pressed.has(name));
    const held = (name: PadButton) => (pad.buttons & bit(name) ? 1 : 0);
    const [x, y] = this.steer === 'stick' ? [pad.lx, pad.ly] : [held('right') - held('left'), held('down') - held('up')];
    this.stick.dataset.to = `${x < 0 ? 'l' : x > 0 ? 'r' : ''}${y < 0 ? 'u' : y > 0 ? 'd' : ''}`;
    this.knob.style.transform = `translate(${x * 55}%, ${y * 55}%)`;
    this.changed(pad);
  }
}
