// Mouse and fingers on the picture.
//
// Positions are fractions of the picture, whatever bars are beside it. Motion is a running total in sixteenths of a picture pixel, kept as a fraction
// here so that slow movements add up.

import type { InputKind } from '../../api';
import type { Box } from '../fit';
import type { InputState } from './state';
import { Trackpad, type TrackpadAct } from './trackpad';

/** Wheel steps a notch has on the wire. */
const NOTCH = 120;
/** How much faster than a finger the pointer goes on a trackpad. */
const PUSH = 1.5;
/** Wheel steps for each CSS pixel that two fingers scroll. */
const SCROLL = 3;

export interface PointerHooks {
  changed(urgent: boolean): void;
  /** Where the picture is, in CSS pixels of the viewport, and its size in its own pixels. */
  box(): Box;
  /** Fingers push the pointer instead of being it. */
  asTrackpad(): boolean;
  /** Whether a press locks the pointer. */
  locks(): boolean;
}

/** A fraction of the picture as the wire carries it. */
export function toWire(position: number, start: number, length: number): number {
  return Math.round(Math.max(0, Math.min(1, (position - start) / length)) * 65535);
}

/** A wheel event's turn on one axis in 120ths of a notch. Browsers differ: lines, pages or pixels. */
export function wheelUnits(delta: number, mode: number, legacy: number | undefined): number {
  if (legacy) return -legacy;
  if (mode === 1) return (delta / 3) * NOTCH;
  if (mode === 2) return delta * NOTCH * 10;
  return delta * 1.2;
}

export class Pointers {
  private readonly fingers = new Map<number, number>();
  private readonly trackpad = new Trackpad();
  private readonly rest = { dx: 0, dy: 0, wheelX: 0, wheelY: 0 };
  private readonly abort = new AbortController();

  constructor(
    private readonly stage: HTMLElement,
    private readonly state: InputState,
    private readonly kinds: () => ReadonlySet<InputKind>,
    private readonly hooks: PointerHooks,
  ) {
    const on = <K extends keyof HTMLElementEventMap>(type: K, handle: (event: HTMLElementEventMap[K]) => void) =>
      stage.addEventListener(type, handle, { signal: this.abort.signal, passive: false });
    on('pointerdown', (event) => this.press(event));
    on('pointerup', (event) => this.lift(event));
    on('pointercancel', (event) => this.lift(event));
    // Raw updates come as the device reports them; moves wait for the next frame.
    const moves = 'onpointerrawupdate' in stage ? 'pointerrawupdate' : 'pointermove';
    stage.addEventListener(moves, (event) => this.move(event as PointerEvent), { signal: this.abort.signal });
    on('wheel', (event) => this.wheel(event));
    on('contextmenu', (event) => this.wantsMouse() && event.preventDefault());
    document.addEventListener('pointerlockchange', () => this.lockChanged(), { signal: this.abort.signal });
  }

  close(): void {
    this.abort.abort();
  }

  release(): void {
    this.fingers.clear();
    this.trackpad.release();
  }

  private wantsMouse(): boolean {
    return this.kinds().has('mouse') || this.kinds().has('motion');
  }

  private press(event: PointerEvent): void {
    if (this.isFinger(event)) {
      const { x, y } = this.place(event);
      this.fingers.set(event.pointerId, this.state.addFinger(x, y));
      this.stage.setPointerCapture(event.pointerId);
      this.hooks.changed(true);
    } else if (this.pushes(event)) {
      this.stage.setPointerCapture(event.pointerId);
      this.act(this.trackpad.down(event.pointerId, event.clientX, event.clientY, event.timeStamp));
    } else if (this.wantsMouse()) {
      this.stage.setPointerCapture(event.pointerId);
      if (this.hooks.locks() && event.pointerType === 'mouse' && !this.state.pointer.locked) lock(this.stage);
      this.point(event);
      this.buttons(event);
    }
  }

  private lift(event: PointerEvent): void {
    const finger = this.fingers.get(event.pointerId);
    if (finger !== undefined) {
      this.state.liftFinger(finger);
      this.fingers.delete(event.pointerId);
      this.hooks.changed(true);
    } else if (this.pushes(event)) {
      this.act(this.trackpad.up(event.pointerId, event.timeStamp));
    } else if (this.wantsMouse()) {
      this.buttons(event);
    }
  }

  private move(event: PointerEvent): void {
    const finger = this.fingers.get(event.pointerId);
    if (finger !== undefined) {
      const { x, y } = this.place(event);
      this.state.moveFinger(finger, x, y);
      this.hooks.changed(false);
    } else if (this.pushes(event)) {
      this.act(this.trackpad.move(event.pointerId, event.clientX, event.clientY));
    } else if (this.wantsMouse() && !this.isFinger(event)) {
      this.point(event);
      this.motion(event);
      // Chorded buttons are told by moves: the first press alone is a `pointerdown`.
      if (event.pointerType === 'mouse') this.buttons(event);
      this.hooks.changed(false);
    }
  }

  private point(event: PointerEvent): void {
    if (this.state.pointer.locked) return;
    Object.assign(this.state.pointer, this.place(event));
  }

  private motion({ movementX, movementY }: { movementX: number; movementY: number }): void {
    const box = this.hooks.box();
    this.add('dx', 'totalDx', movementX * (box.pictureWidth / box.width) * 16);
    this.add('dy', 'totalDy', movementY * (box.pictureHeight / box.height) * 16);
  }

  private act(acts: TrackpadAct[]): void {
    for (const act of acts) this.do(act);
    if (acts.length > 0) this.hooks.changed(acts.some(({ type }) => type === 'hold' || type === 'click'));
  }

  private do(act: TrackpadAct): void {
    const { pointer } = this.state;
    if (act.type === 'hold') this.state.setPointerButtons(act.buttons);
    else if (act.type === 'click') [act.buttons, 0].forEach((buttons) => this.state.setPointerButtons(buttons));
    else if (act.type === 'scroll') {
      // The content follows the fingers, as on a telephone.
      this.add('wheelX', 'totalWheelX', -act.dx * SCROLL);
      this.add('wheelY', 'totalWheelY', -act.dy * SCROLL);
    } else {
      const box = this.hooks.box();
      pointer.x = toWire(pointer.x / 65535 + (act.dx * PUSH) / box.width, 0, 1);
      pointer.y = toWire(pointer.y / 65535 + (act.dy * PUSH) / box.height, 0, 1);
      this.motion({ movementX: act.dx * PUSH, movementY: act.dy * PUSH });
    }
  }

  private buttons(event: PointerEvent): void {
    if (this.state.setPointerButtons(event.buttons)) this.hooks.changed(true);
  }

  private wheel(event: WheelEvent): void {
    if (!this.wantsMouse()) return;
    event.preventDefault();
    const legacy = event as WheelEvent & { wheelDeltaX?: number; wheelDeltaY?: number };
    this.add('wheelX', 'totalWheelX', wheelUnits(event.deltaX, event.deltaMode, legacy.wheelDeltaX));
    this.add('wheelY', 'totalWheelY', wheelUnits(event.deltaY, event.deltaMode, legacy.wheelDeltaY));
    this.hooks.changed(true);
  }

  private add(rest: keyof Pointers['rest'], total: 'totalDx' | 'totalDy' | 'totalWheelX' | 'totalWheelY', amount: number): void {
    const sum = this.rest[rest] + amount;
    const whole = Math.trunc(sum);
    this.rest[rest] = sum - whole;
    this.state.pointer[total] = (this.state.pointer[total] + whole) | 0;
  }

  private place(event: PointerEvent): { x: number; y: number } {
    const box = this.hooks.box();
    return { x: toWire(event.clientX, box.left, box.width), y: toWire(event.clientY, box.top, box.height) };
  }

  private pushes(event: PointerEvent): boolean {
    return event.pointerType === 'touch' && this.hooks.asTrackpad();
  }

  private isFinger(event: PointerEvent): boolean {
    return event.pointerType === 'touch' && this.kinds().has('touch');
  }

  private lockChanged(): void {
    const root = this.stage.getRootNode() as Document | ShadowRoot;
    this.state.pointer.locked = root.pointerLockElement === this.stage;
    this.hooks.changed(true);
  }
}

/** Takes the mouse for the picture, without the system's acceleration where the browser can do that. */
function lock(stage: HTMLElement): void {
  const raw = stage.requestPointerLock({ unadjustedMovement: true }) as Promise<void> | undefined;
  raw?.catch((error: DOMException) => {
    if (error.name === 'NotSupportedError') void stage.requestPointerLock();
  });
}
