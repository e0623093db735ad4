import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Bindings } from './bindings';
import { Gamepads } from './gamepad';
import { InputState } from './state';

let held: unknown[] = [];
const connect = vi.fn();

/** Gamepads that hold these buttons, by their place in the W3C standard. */
function hold(...pads: number[][]): void {
  held = pads.map((down, index) => ({
    index,
    id: `pad ${index}`,
    connected: true,
    axes: [0, 0, 0, 0],
    buttons: Array.from({ length: 17 }, (_, i) => ({ pressed: down.includes(i), value: down.includes(i) ? 1 : 0 })),
  }));
}

function start(): InputState {
  const state = new InputState();
  const nothing = () => {};
  const hooks = { changed: nothing, used: nothing, menu: nothing, steer: () => false, bindings: () => new Bindings(), news: nothing };
  new Gamepads(state, hooks).start();
  return state;
}

/** The pad's buttons that the title would see. */
const pad = (state: InputState) => state.sections(new Set(['pad'] as const)).pad?.buttons;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('navigator', { getGamepads: () => held });
  vi.stubGlobal('addEventListener', (_: string, listener: () => void) => connect.mockImplementation(listener));
  vi.stubGlobal('removeEventListener', () => {});
  hold();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('a button that is down', () => {
  test('since before the start is not meant, until it was up', () => {
    hold([0]);
    const state = start();
    vi.advanceTimersByTime(8);
    expect(pad(state)).toBe(0);
    hold([]);
    vi.advanceTimersByTime(8);
    hold([0]);
    vi.advanceTimersByTime(8);
    expect(pad(state)).not.toBe(0);
  });
  test('after the start is meant, however soon', () => {
    hold([]);
    const state = start();
    hold([0]);
    vi.advanceTimersByTime(8);
    expect(pad(state)).not.toBe(0);
  });
  test('is meant where the pad is seen by it for the first time, as browsers have it', () => {
    const state = start();
    hold([0]);
    connect();
    vi.advanceTimersByTime(8);
    expect(pad(state)).not.toBe(0);
  });
});
