// How the catalogue says things.

import type { Badge, InputKind, Title } from '../api';

export const BADGES: Record<Badge, { name: string; meaning: string }> = {
  deterministic: { name: 'Deterministic', meaning: 'The same input always makes the same pictures, so a run can be replayed exactly.' },
  snapshots: { name: 'Snapshots', meaning: 'Its state can be saved and restored exactly.' },
  lossless: { name: 'Lossless', meaning: 'Its picture can be sent pixel for pixel, without a video codec.' },
};

export const INPUTS: Record<InputKind, string> = {
  pad: 'Gamepad',
  keys: 'Keyboard',
  mouse: 'Mouse',
  motion: 'Mouse motion',
  touch: 'Touch',
  text: 'Typing',
};

export function players({ min, max }: Title['players']): string {
  if (max === 1) return '1 player';
  return min === max ? `${max} players` : `${min}–${max} players`;
}

/** Two letters for a title without a cover. */
export function initials(name: string): string {
  const words = name.split(/[\s\-_]+/).filter(Boolean);
  return (words.length > 1 ? words[0]![0]! + words[1]![0]! : name.slice(0, 2)).toUpperCase();
}
