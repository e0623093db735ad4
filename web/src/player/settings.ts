// What a person has chosen, kept for this browser, and what each choice may be.
//
// Storage may hold anything: another version's settings, a hand's edits, nothing. What is not understood falls back to the default, one by one.

import type { VideoMode } from '../api';
import type { Pixels, Scale } from './fit';
import { lasting, read, write } from './storage';

export type TouchSteer = 'stick' | 'cross';
export type TouchButtons = 'two' | 'four' | 'all';
export type TouchPointer = 'auto' | 'direct' | 'trackpad';

export interface Settings {
  volume: number;
  muted: boolean;
  /** No sound while the page is hidden. */
  quietHidden: boolean;
  video: VideoMode;
  scale: Scale;
  pixels: Pixels;
  stats: boolean;
  /** Titles may shake gamepads. */
  rumble: boolean;
  /** How solid the controls on the screen are, 0.2 to 1. */
  touchOpacity: number;
  /** Buttons on the left, the stick on the right. */
  touchMirror: boolean;
  touchSteer: TouchSteer;
  touchButtons: TouchButtons;
  /** What fingers do on the picture of a title that reads a mouse. */
  touchPointer: TouchPointer;
}

export const DEFAULTS: Readonly<Settings> = {
  volume: 1,
  muted: false,
  quietHidden: false,
  video: 'auto',
  scale: 'auto',
  pixels: 'auto',
  stats: false,
  rumble: true,
  touchOpacity: 0.8,
  touchMirror: false,
  touchSteer: 'stick',
  touchButtons: 'four',
  touchPointer: 'auto',
};

export const VIDEOS = ['auto', 'lossless', 'h264'] as const;
export const SCALES = ['auto', 'fit', 'fill', 'integer'] as const;
export const PIXELS = ['auto', 'sharp', 'smooth'] as const;
export const TOUCH_STEERS = ['stick', 'cross'] as const;
export const TOUCH_BUTTONS = ['two', 'four', 'all'] as const;
export const TOUCH_POINTERS = ['auto', 'direct', 'trackpad'] as const;

const oneOf = (choices: readonly string[]) => (value: unknown) => choices.includes(value as string);
const within = (least: number, most: number) => (value: unknown) => typeof value === 'number' && value >= least && value <= most;
const flag = (value: unknown) => typeof value === 'boolean';

const VALID: Record<keyof Settings, (value: unknown) => boolean> = {
  volume: within(0, 1),
  muted: flag,
  quietHidden: flag,
  video: oneOf(VIDEOS),
  scale: oneOf(SCALES),
  pixels: oneOf(PIXELS),
  stats: flag,
  rumble: flag,
  touchOpacity: within(0.2, 1),
  touchMirror: flag,
  touchSteer: oneOf(TOUCH_STEERS),
  touchButtons: oneOf(TOUCH_BUTTONS),
  touchPointer: oneOf(TOUCH_POINTERS),
};

/** `value`, if it is one of `choices`; else a TypeError that names them. */
export function choose<T extends string>(name: string, choices: readonly T[], value: T): T {
  if (!choices.includes(value)) throw new TypeError(`${name} is ${choices.join(', ')}, not ${value}`);
  return value;
}

const KEY = 'playfield.settings';

/** The settings in `raw`, whatever that is. */
export function parseSettings(raw: unknown): Settings {
  const kept = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {};
  const names = Object.keys(VALID) as (keyof Settings)[];
  return { ...DEFAULTS, ...Object.fromEntries(names.filter((name) => VALID[name](kept[name])).map((name) => [name, kept[name]])) };
}

export function settings(): Settings {
  return parseSettings(read(lasting(), KEY));
}

export function keepSettings(change: Partial<Settings>): void {
  write(lasting(), KEY, { ...settings(), ...change });
}
