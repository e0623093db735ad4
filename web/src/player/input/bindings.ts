// Which key or pad button does what, when a person has changed it.
//
// A change names an action and what does it now. Changes for one title go before those for all titles, both before the defaults. Whatever
// was chosen on purpose loses its default meaning, and an action that was given another key gives up its default keys; so nothing
// is pressed by surprise. One key chosen twice does both, and is shown as a conflict.

import { usageOf } from './hid';
import { PAD_BUTTONS, bit, type PadButton } from './pad';

/** What was changed, for one title or for all. */
export interface Layer {
  /** Pad button: the key (`KeyboardEvent.code`) that presses it. */
  keys: Partial<Record<PadButton, string>>;
  /** Pad button: the gamepad's button (its place in `Gamepad.buttons`) that presses it. */
  pad: Partial<Record<PadButton, number>>;
  /** Key of the title: the key that presses it. */
  swaps: Record<string, string>;
  /** What the player itself does: the key for it. */
  acts: Partial<Record<Act, string>>;
}

/** What the player does at a key: saves and loads the quick state. */
export const ACTS = ['save', 'load'] as const;
export type Act = (typeof ACTS)[number];
const AS_ACT: readonly (readonly [string, Act])[] = [['F2', 'save'], ['F4', 'load']];

/** Keys that stand for pad buttons. Several may stand for one: hands differ. */
const AS_BUTTON: readonly (readonly [string, PadButton])[] = [
  ['ArrowUp', 'up'], ['ArrowDown', 'down'], ['ArrowLeft', 'left'], ['ArrowRight', 'right'],
  ['KeyW', 'up'], ['KeyS', 'down'], ['KeyA', 'left'], ['KeyD', 'right'],
  ['KeyX', 'a'], ['KeyV', 'a'], ['Space', 'a'],
  ['KeyZ', 'b'], ['KeyC', 'b'],
  ['KeyF', 'x'], ['KeyR', 'y'],
  ['KeyQ', 'l1'], ['KeyE', 'r1'], ['Digit1', 'l2'], ['Digit3', 'r2'],
  ['Enter', 'start'], ['ShiftLeft', 'select'], ['ShiftRight', 'select'],
];
const AS_IS: readonly (readonly [string, PadButton])[] = PAD_BUTTONS.map((button, i) => [String(i), button]);
/** Of the defaults these move the left stick too, for titles that read no direction pad. */
const STICK_KEYS = new Set(['KeyW', 'KeyA', 'KeyS', 'KeyD']);
const STICK: Partial<Record<PadButton, readonly [number, number]>> = { up: [0, -1], down: [0, 1], left: [-1, 0], right: [1, 0] };
/** Gamepads have at most so many buttons. */
const MOST_BUTTONS = 32;

export const NO_LAYER: Readonly<Layer> = { keys: {}, pad: {}, swaps: {}, acts: {} };

/** The layer in `raw`; what is not understood is left out. */
export function parseLayer(raw: unknown): Layer {
  const part = (name: keyof Layer): [string, unknown][] => {
    const value = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>)[name] : null;
    return typeof value === 'object' && value !== null ? Object.entries(value) : [];
  };
  const isKey = (code: unknown) => typeof code === 'string' && usageOf(code) !== undefined;
  const isButton = (index: unknown) => Number.isInteger(index) && (index as number) >= 0 && (index as number) < MOST_BUTTONS;
  const onPad = ([name]: [string, unknown]) => (PAD_BUTTONS as readonly string[]).includes(name);
  return {
    keys: Object.fromEntries(part('keys').filter(onPad).filter(([, code]) => isKey(code))),
    pad: Object.fromEntries(part('pad').filter(onPad).filter(([, index]) => isButton(index))),
    acts: Object.fromEntries(part('acts').filter(([name, code]) => (ACTS as readonly string[]).includes(name) && isKey(code))),
    swaps: Object.fromEntries(part('swaps').filter((pair): pair is [string, string] => pair.every(isKey) && pair[0] !== pair[1])),
  };
}

export function isEmpty(layer: Layer): boolean {
  return Object.values(layer).every((part) => Object.keys(part).length === 0);
}

/** What is in force: each action is as the first layer that speaks of it says. */
export class Bindings {
  /** Key: the pad buttons it presses. */
  readonly keys: ReadonlyMap<string, PadButton[]>;
  /** Gamepad button, as text: the pad buttons it presses. */
  readonly pad: ReadonlyMap<string, PadButton[]>;
  /** The bits each button of a gamepad presses. */
  readonly masks: readonly number[];
  private readonly chosen: Layer;
  /** Key: the title's keys it presses; only for what was changed. */
  private readonly swapped: ReadonlyMap<string, string[]>;

  constructor(title: Layer = NO_LAYER, all: Layer = NO_LAYER) {
    const merged = { keys: { ...all.keys, ...title.keys }, pad: { ...all.pad, ...title.pad }, swaps: { ...all.swaps, ...title.swaps }, acts: { ...all.acts, ...title.acts } };
    this.chosen = merged;
    this.keys = resolve(merged.keys, AS_BUTTON);
    this.pad = resolve(merged.pad, AS_IS);
    this.swapped = resolve(merged.swaps, []);
    this.masks = Array.from({ length: MOST_BUTTONS }, (_, i) => (this.pad.get(String(i)) ?? []).reduce((all, name) => all | bit(name), 0));
  }

  /** The keys a title is told of when the person presses `code`. */
  sent(code: string): string[] {
    const swapped = this.swapped.get(code);
    if (swapped) return swapped;
    return code in this.chosen.swaps ? [] : [code];
  }

  /** The keys that make the player do something. The usual ones are not for titles that are all about keys. */
  acts(usual: boolean): ReadonlyMap<string, Act[]> {
    return resolve(this.chosen.acts, usual ? AS_ACT : []);
  }

  /** How far a key deflects the left stick. */
  stick(code: string): readonly [number, number] {
    const buttons = this.keys.get(code) ?? [];
    const moves = buttons.filter((button) => STICK_KEYS.has(code) || this.chosen.keys[button] === code);
    return moves.reduce<readonly [number, number]>(([x, y], button) => [x + (STICK[button]?.[0] ?? 0), y + (STICK[button]?.[1] ?? 0)], [0, 0]);
  }

  /** The keys of the title that were given another key. */
  get swaps(): Readonly<Record<string, string>> {
    return this.chosen.swaps;
  }
}

/** From what is pressed to what that does. */
function resolve<A extends string>(chosen: Partial<Record<A, string | number>>, defaults: readonly (readonly [string, A])[]): Map<string, A[]> {
  const pairs = Object.entries(chosen).map(([action, input]) => [String(input), action as A] as const);
  const inputs = new Set(pairs.map(([input]) => input));
  const kept = defaults.filter(([input, action]) => !inputs.has(input) && !(action in chosen));
  const map = new Map<string, A[]>();
  for (const [input, action] of [...kept, ...pairs]) map.set(input, [...(map.get(input) ?? []), action]);
  return map;
}

/** What presses `action`. */
export function inputsOf<A>(map: ReadonlyMap<string, A[]>, action: A): string[] {
  return [...map].filter(([, actions]) => actions.includes(action)).map(([input]) => input);
}

/** The other actions that share an input with `action`. */
export function conflictsOf<A>(map: ReadonlyMap<string, A[]>, action: A): A[] {
  return [...new Set(inputsOf(map, action).flatMap((input) => map.get(input)!))].filter((other) => other !== action);
}
