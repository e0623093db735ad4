// Fingers on the picture as on a laptop's trackpad: one moves the pointer, a tap clicks, two fingers scroll, two tapped click right, and
// a tap followed at once by a drag holds the button.
//
// Decided from positions and times alone; who calls does what comes out.

/** What a gesture does. Distances in CSS pixels. */
export type TrackpadAct =
  | { type: 'move'; dx: number; dy: number }
  | { type: 'scroll'; dx: number; dy: number }
  /** The buttons that are held from now on. */
  | { type: 'hold'; buttons: number }
  | { type: 'click'; buttons: number };

/** A touch shorter than this that hardly moved is a tap, in ms and CSS pixels. */
const TAP_MS = 220;
const TAP_MOVES = 9;
/** A touch within this time after a tap drags, in ms. */
const DRAG_MS = 260;
const LEFT = 1;
const RIGHT = 2;

interface Finger {
  x: number;
  y: number;
}

export class Trackpad {
  private readonly fingers = new Map<number, Finger>();
  private most = 0;
  private moved = 0;
  private beganAt = 0;
  private tappedAt = -Infinity;
  private dragging = false;

  down(id: number, x: number, y: number, nowMs: number): TrackpadAct[] {
    if (this.fingers.size === 0) [this.most, this.moved, this.beganAt] = [0, 0, nowMs];
    this.fingers.set(id, { x, y });
    this.most = Math.max(this.most, this.fingers.size);
    if (this.fingers.size > 1 || nowMs - this.tappedAt > DRAG_MS) return [];
    this.dragging = true;
    return [{ type: 'hold', buttons: LEFT }];
  }

  move(id: number, x: number, y: number): TrackpadAct[] {
    const finger = this.fingers.get(id);
    if (!finger) return [];
    const [dx, dy] = [x - finger.x, y - finger.y];
    Object.assign(finger, { x, y });
    this.moved += Math.hypot(dx, dy);
    if (this.fingers.size === 1) return [{ type: 'move', dx, dy }];
    // Each of the fingers tells of the same way.
    return [{ type: 'scroll', dx: dx / this.fingers.size, dy: dy / this.fingers.size }];
  }

  up(id: number, nowMs: number): TrackpadAct[] {
    if (!this.fingers.delete(id) || this.fingers.size > 0) return [];
    const tap = nowMs - this.beganAt <= TAP_MS && this.moved <= TAP_MOVES;
    const dragged = this.dragging;
    this.dragging = false;
    this.tappedAt = tap && !dragged && this.most === 1 ? nowMs : -Infinity;
    if (dragged) return [{ type: 'hold', buttons: 0 }];
    return tap ? [{ type: 'click', buttons: this.most > 1 ? RIGHT : LEFT }] : [];
  }

  release(): void {
    this.fingers.clear();
    this.dragging = false;
    this.tappedAt = -Infinity;
  }
}
