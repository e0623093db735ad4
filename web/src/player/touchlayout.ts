// What fingers get, from what the title reads: fingers alone, a pad or keys on the screen, the picture as a mouse or as a trackpad.

import type { InputKind } from '../api';
import type { PadButton } from './input/pad';
import type { TouchButtons, TouchPointer } from './settings';

/** What lies on the screen, and what a finger on the picture does. */
export interface TouchLayout {
  /** A pad's controls, pressing a pad or keys. */
  controls: 'pad' | 'keys' | null;
  /** Whether they show without being asked for. */
  automatic: boolean;
  picture: 'fingers' | 'direct' | 'trackpad' | null;
}

export function touchLayout(kinds: ReadonlySet<InputKind>, pointer: TouchPointer): TouchLayout {
  const controls = kinds.has('pad') ? 'pad' : kinds.has('keys') && !kinds.has('text') ? 'keys' : null;
  return { controls, automatic: controls !== null && !kinds.has('touch'), picture: pictureOf(kinds, pointer) };
}

function pictureOf(kinds: ReadonlySet<InputKind>, pointer: TouchPointer): TouchLayout['picture'] {
  if (kinds.has('touch')) return 'fingers';
  // Motion cannot be pointed at: a finger has to push.
  if (kinds.has('motion')) return pointer === 'direct' && kinds.has('mouse') ? 'direct' : 'trackpad';
  if (kinds.has('mouse')) return pointer === 'trackpad' ? 'trackpad' : 'direct';
  return null;
}

/** The keys that the on-screen controls press for a title that reads keys and no pad, and what they are called. */
export const SCREEN_KEYS: Partial<Record<PadButton, readonly [code: string, label: string]>> = {
  up: ['ArrowUp', '↑'],
  down: ['ArrowDown', '↓'],
  left: ['ArrowLeft', '←'],
  right: ['ArrowRight', '→'],
  a: ['Space', 'Space'],
  b: ['KeyX', 'X'],
  x: ['KeyZ', 'Z'],
  y: ['KeyC', 'C'],
  l1: ['KeyQ', 'Q'],
  r1: ['KeyE', 'E'],
  l2: ['ShiftLeft', 'Shift'],
  r2: ['ControlLeft', 'Ctrl'],
  select: ['Escape', 'Esc'],
  start: ['Enter', 'Enter'],
};

const FACE: readonly PadButton[] = ['a', 'b'];
const FOUR: readonly PadButton[] = [...FACE, 'x', 'y', 'select', 'start'];

/** The buttons beside the stick that are drawn. */
export function shownButtons(wish: TouchButtons): readonly PadButton[] {
  if (wish === 'two') return [...FACE, 'select', 'start'];
  return wish === 'four' ? FOUR : [...FOUR, 'l1', 'r1', 'l2', 'r2'];
}
