// A gamepad as a way to move through buttons: directions with repeat, accept and back once a press.

import { bit, type PadInput } from './input/pad';

export type Move = 'up' | 'down' | 'left' | 'right' | 'accept' | 'back' | 'details' | 'search';

const FIRST_REPEAT_MS = 380;
const NEXT_REPEAT_MS = 110;
const DEFLECTED = 0.55;
const DIRECTIONS: readonly Move[] = ['up', 'down', 'left', 'right'];

export class PadSteer {
  private held = new Set<Move>();
  private repeatAt = Infinity;

  /** What the pad asks for at time `nowMs`, given all it holds. */
  moves(pad: PadInput, nowMs: number): Move[] {
    const held = heldMoves(pad);
    const fresh = [...held].filter((move) => !this.held.has(move));
    const direction = DIRECTIONS.find((move) => held.has(move));
    if (!direction) this.repeatAt = Infinity;
    else if (fresh.includes(direction)) this.repeatAt = nowMs + FIRST_REPEAT_MS;
    else if (nowMs >= this.repeatAt) {
      this.repeatAt = nowMs + NEXT_REPEAT_MS;
      fresh.push(direction);
    }
    this.held = held;
    return fresh;
  }

  /** What is held now counts as seen: whoever comes to this view with a button down has not pressed it here. */
  ignoreHeld(pad: PadInput): void {
    this.held = heldMoves(pad);
    this.repeatAt = Infinity;
  }
}

function heldMoves(pad: PadInput): Set<Move> {
  const held = new Set<Move>();
  const add = (move: Move, on: boolean) => on && held.add(move);
  add('up', (pad.buttons & bit('up')) !== 0 || pad.ly < -DEFLECTED);
  add('down', (pad.buttons & bit('down')) !== 0 || pad.ly > DEFLECTED);
  add('left', (pad.buttons & bit('left')) !== 0 || pad.lx < -DEFLECTED);
  add('right', (pad.buttons & bit('right')) !== 0 || pad.lx > DEFLECTED);
  add('accept', (pad.buttons & (bit('a') | bit('start'))) !== 0);
  add('back', (pad.buttons & bit('b')) !== 0);
  add('details', (pad.buttons & bit('x')) !== 0);
  add('search', (pad.buttons & bit('y')) !== 0);
  return held;
}
