// What the player holds now, from all devices together, and how often each thing was pressed.
//
// State, not events: a message carries all of it, so a lost one costs nothing. The counters make a tap that began and ended between two messages
// visible to the node all the same.

import type { InputKind } from '../../api';
import { BUTTONS, type InputMessage, type KeyState, type PadState, type PointerState, type TouchState } from '../wire';
import { NO_PAD, mergePads, samePad, type PadInput } from './pad';

/** How long a released key is still told of, in ms: its presses must arrive even if messages are lost. */
const KEY_MEMORY_MS = 1000;
/** How long a lifted finger is still told of, in ms. */
const TOUCH_MEMORY_MS = 100;

/** Players one viewer can play as. */
export const MOST_SEATS = 4;

export type PadSource = 'keys' | 'gamepad' | 'touch' | 'script';

interface Key {
  held: boolean;
  presses: number;
  releasedAt: number;
}

interface Finger extends TouchState {
  liftedAt: number;
}

/** The pad of one player, from all that press it. */
class Pad {
  readonly sources = new Map<PadSource, PadInput>();
  private merged: PadInput = { ...NO_PAD };
  private readonly presses = new Uint8Array(BUTTONS);

  set(source: PadSource, pad: PadInput): boolean {
    this.sources.set(source, pad);
    const merged = mergePads(this.sources.values());
    const pressed = merged.buttons & ~this.merged.buttons;
    for (let i = 0; i < BUTTONS; i++) if (pressed & (1 << i)) this.presses[i]!++;
    const changed = !samePad(merged, this.merged);
    this.merged = merged;
    return changed;
  }

  state(): PadState {
    const { buttons, lx, ly, rx, ry, l2, r2 } = this.merged;
    const axis = (value: number) => Math.round(Math.max(-1, Math.min(1, value)) * 32767);
    const trigger = (value: number) => Math.round(Math.max(0, Math.min(1, value)) * 255);
    return { buttons, lx: axis(lx), ly: axis(ly), rx: axis(rx), ry: axis(ry), l2: trigger(l2), r2: trigger(r2), presses: this.presses };
  }
}

export class InputState {
  /** The players' pads, by the seats this viewer holds. */
  private readonly pads = Array.from({ length: MOST_SEATS }, () => new Pad());
  /** How many seats the node gave this viewer. */
  seats = 1;
  private readonly keys = new Map<number, Key>();
  private fingers: Finger[] = [];
  private nextFinger = 0;
  readonly pointer: PointerState = {
    locked: false,
    x: 0,
    y: 0,
    totalDx: 0,
    totalDy: 0,
    totalWheelX: 0,
    totalWheelY: 0,
    buttons: 0,
    presses: new Uint8Array(5),
  };

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** A source's pad as it is now, for the player in that seat of ours; true if that changes the whole. */
  setPad(source: PadSource, pad: PadInput, seat = 0): boolean {
    return this.pads[seat]!.set(source, pad);
  }

  /** A key goes down or up; true if it was not so before. */
  setKey(usage: number, held: boolean): boolean {
    const key = this.keys.get(usage) ?? { held: false, presses: 0, releasedAt: -Infinity };
    if (key.held === held) return false;
    key.held = held;
    if (held) key.presses = (key.presses + 1) % 128;
    else key.releasedAt = this.now();
    this.keys.set(usage, key);
    return true;
  }

  heldKeys(): number[] {
    return [...this.keys].filter(([, key]) => key.held).map(([usage]) => usage);
  }

  /** Mouse buttons held, as `MouseEvent.buttons` has them; true if that is new. */
  setPointerButtons(buttons: number): boolean {
    const pressed = buttons & ~this.pointer.buttons;
    for (let i = 0; i < 5; i++) if (pressed & (1 << i)) this.pointer.presses[i]!++;
    const changed = buttons !== this.pointer.buttons;
    this.pointer.buttons = buttons & 31;
    return changed;
  }

  /** A finger comes down; its id for `moveFinger` and `liftFinger`. */
  addFinger(x: number, y: number): number {
    const id = this.nextFinger;
    this.nextFinger = (this.nextFinger + 1) % 256;
    this.fingers.push({ id, down: true, x, y, liftedAt: 0 });
    return id;
  }

  moveFinger(id: number, x: number, y: number): void {
    const finger = this.finger(id);
    if (finger) Object.assign(finger, { x, y });
  }

  liftFinger(id: number): void {
    const finger = this.finger(id);
    if (finger) Object.assign(finger, { down: false, liftedAt: this.now() });
  }

  /** Lets go of everything. */
  release(): void {
    for (const pad of this.pads) for (const source of pad.sources.keys()) pad.set(source, NO_PAD);
    for (const usage of this.heldKeys()) this.setKey(usage, false);
    this.setPointerButtons(0);
    for (const finger of this.fingers) if (finger.down) this.liftFinger(finger.id);
  }

  /** The sections of a message for a title that understands `kinds`. */
  sections(kinds: ReadonlySet<InputKind>): Pick<InputMessage, 'pad' | 'keys' | 'pointer' | 'touches' | 'morePads'> {
    const sections: ReturnType<InputState['sections']> = {};
    if (kinds.has('pad')) sections.pad = this.pads[0]!.state();
    if (kinds.has('pad') && this.seats > 1) sections.morePads = this.pads.slice(1, this.seats).map((pad) => pad.state());
    if (kinds.has('keys')) sections.keys = this.keyStates();
    if (kinds.has('mouse') || kinds.has('motion')) sections.pointer = this.pointer;
    if (kinds.has('touch')) sections.touches = this.touchStates();
    return sections;
  }

  private keyStates(): KeyState[] {
    const now = this.now();
    const used = [...this.keys].filter(([, key]) => key.held || now - key.releasedAt <= KEY_MEMORY_MS);
    return used.map(([usage, { held, presses }]) => ({ usage, held, presses }));
  }

  private touchStates(): TouchState[] {
    const now = this.now();
    this.fingers = this.fingers.filter((finger) => finger.down || now - finger.liftedAt <= TOUCH_MEMORY_MS);
    return this.fingers.map(({ id, down, x, y }) => ({ id, down, x, y }));
  }

  private finger(id: number): Finger | undefined {
    return this.fingers.find((finger) => finger.id === id && finger.down);
  }
}
