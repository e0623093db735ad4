// Input from the page's own script: the shapes of an input log line, one after the other.

import type { Box } from '../fit';
import { toWire } from './pointer';
import { usageOf } from './hid';
import { NO_PAD, PAD_BUTTONS, bit, type PadButton } from './pad';
import type { InputState } from './state';

const MOUSE_BUTTONS = { left: 1, right: 2, middle: 4, back: 8, forward: 16 } as const;

/** What `send()` takes. Each field given replaces what the script held of that kind before; fields left out stay as they are. */
export interface ScriptInput {
  pad?: PadButton[];
  lx?: number;
  ly?: number;
  rx?: number;
  ry?: number;
  keys?: string[];
  /** Position in pixels of the picture. */
  mouse?: { x: number; y: number; buttons?: (keyof typeof MOUSE_BUTTONS)[] };
  /** Fingers, by an id of the script's own; those left out are lifted. */
  touch?: { id: number; x: number; y: number }[];
  text?: string;
}

export class ScriptPad {
  private pad = { ...NO_PAD };
  private keys = new Set<number>();
  private readonly fingers = new Map<number, number>();

  constructor(private readonly state: InputState) {}

  /** Takes what `input` says. Throws a TypeError that names what is not understood. */
  apply(input: ScriptInput, box: Box): void {
    if (input.pad) this.pad.buttons = input.pad.reduce((all, name) => all | known(name), 0);
    for (const axis of ['lx', 'ly', 'rx', 'ry'] as const) if (input[axis] !== undefined) this.pad[axis] = input[axis];
    this.state.setPad('script', { ...this.pad });
    if (input.keys) this.setKeys(input.keys);
    if (input.mouse) this.setMouse(input.mouse, box);
    if (input.touch) this.setTouches(input.touch, box);
  }

  release(): void {
    this.pad = { ...NO_PAD };
    this.keys.clear();
    this.fingers.clear();
  }

  private setKeys(codes: string[]): void {
    const usages = new Set(codes.map(usage));
    for (const old of this.keys) if (!usages.has(old)) this.state.setKey(old, false);
    for (const next of usages) this.state.setKey(next, true);
    this.keys = usages;
  }

  private setMouse(mouse: NonNullable<ScriptInput['mouse']>, box: Box): void {
    this.state.pointer.x = toWire(mouse.x + 0.5, 0, box.pictureWidth);
    this.state.pointer.y = toWire(mouse.y + 0.5, 0, box.pictureHeight);
    this.state.setPointerButtons((mouse.buttons ?? []).reduce((all, name) => all | MOUSE_BUTTONS[name], 0));
  }

  private setTouches(touches: NonNullable<ScriptInput['touch']>, box: Box): void {
    const ids = new Set(touches.map((touch) => touch.id));
    for (const [id, finger] of this.fingers) {
      if (ids.has(id)) continue;
      this.state.liftFinger(finger);
      this.fingers.delete(id);
    }
    for (const touch of touches) {
      const x = toWire(touch.x + 0.5, 0, box.pictureWidth);
      const y = toWire(touch.y + 0.5, 0, box.pictureHeight);
      const finger = this.fingers.get(touch.id);
      if (finger === undefined) this.fingers.set(touch.id, this.state.addFinger(x, y));
      else this.state.moveFinger(finger, x, y);
    }
  }
}

function known(name: PadButton): number {
  if (!PAD_BUTTONS.includes(name)) throw new TypeError(`\`${name}\` is no pad button; they are ${PAD_BUTTONS.join(' ')}`);
  return bit(name);
}

function usage(code: string): number {
  const found = usageOf(code);
  if (found === undefined) throw new TypeError(`\`${code}\` is no key; use KeyboardEvent.code names such as KeyW`);
  return found;
}
