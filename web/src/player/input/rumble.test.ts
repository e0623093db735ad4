import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Bindings } from './bindings';
import { Gamepads } from './gamepad';
import { InputState } from './state';

/** A gamepad that can shake, of which a test sees what it was told. */
class FakePad {
  readonly told: unknown[] = [];
  readonly connected = true;
  readonly id: string;
  readonly axes = [0, 0, 0, 0];
  buttons = [{ pressed: false, value: 0 }];
  vibrationActuator: unknown = {
    playEffect: (...effect: unknown[]) => Promise.resolve(void this.told.push(effect)),
    reset: () => Promise.resolve(void this.told.push('still')),
  };

  constructor(readonly index: number) {
    this.id = `pad ${index}`;
  }
}

let pads: FakePad[];
let gamepads: Gamepads;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('addEventListener', () => {});
  vi.stubGlobal('removeEventListener', () => {});
  pads = [new FakePad(0), new FakePad(1), new FakePad(2)];
  vi.stubGlobal('navigator', { getGamepads: () => pads });
  const nothing = () => {};
  gamepads = new Gamepads(new InputState(), { changed: nothing, used: nothing, menu: nothing, steer: () => false, bindings: () => new Bindings(), news: nothing });
  gamepads.start();
  gamepads.desk.players = 2;
  gamepads.desk.give(0, 0);
  gamepads.desk.give(1, 1);
});
afterEach(() => {
  gamepads.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const effect = (duration: number, strongMagnitude: number, weakMagnitude: number) => ['dual-rumble', { duration, strongMagnitude, weakMagnitude }];

test('the pad of that player shakes, and no other', () => {
  gamepads.rumble(1, { strong: 255, weak: 51, ms: 80 });
  expect(pads.map(({ told }) => told)).toEqual([[], [effect(80, 1, 0.2)], []]);
});

test.each([
  [{ strong: 0, weak: 0, ms: 90 }, 'still'],
  [{ strong: 255, weak: 0, ms: 0 }, 'still'],
  [{ strong: 9999, weak: -1, ms: 99_999 }, effect(5000, 1, 0)],
])('%j', (rumble, expected) => {
  gamepads.rumble(0, rumble);
  expect(pads[0]!.told).toEqual([expected]);
});

test('all that shakes is stilled at once, and what does not is left alone', () => {
  gamepads.rumble(0, { strong: 1, weak: 1, ms: 100 });
  gamepads.still();
  gamepads.still();
  expect(pads.map(({ told }) => told.at(-1))).toEqual(['still', undefined, undefined]);
  expect(pads[0]!.told.length).toBe(2);
});

test('a pad without motors, or one that refuses, does no harm', () => {
  pads[0]!.vibrationActuator = null;
  pads[1]!.vibrationActuator = { playEffect: () => Promise.reject(new Error('unplugged')) };
  for (const place of [0, 1, 2]) gamepads.rumble(place, { strong: 1, weak: 1, ms: 100 });
  gamepads.still();
});
