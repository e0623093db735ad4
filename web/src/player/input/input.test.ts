import { describe, expect, test } from 'vitest';
import rust from '../../../../crates/playfield-core/src/input/keys.rs?raw';
import type { InputKind } from '../../api';
import { scaleFor } from '../fit';
import { padOfThumb } from '../touchpad';
import { stick } from './gamepad';
import { ALL_KEYS, usageOf } from './hid';
import { padOfKeys } from './keyboard';
import { NO_PAD, PAD_BUTTONS, bit, mergePads, type PadButton } from './pad';
import { toWire, wheelUnits } from './pointer';
import { ScriptPad } from './script';
import { InputState } from './state';
import { pieces } from './text';

const ALL = new Set<InputKind>(['pad', 'keys', 'mouse', 'motion', 'touch', 'text']);
const names = (buttons: number) => PAD_BUTTONS.filter((name) => buttons & bit(name));

test('the key table is that of playfield-core', () => {
  const pairs = [...rust.matchAll(/\((0x[0-9a-f]{2}), "(\w+)"\)/g)].map(([, usage, code]) => [code, Number(usage)]);
  expect(pairs.length).toBeGreaterThan(100);
  expect(Object.fromEntries(ALL_KEYS)).toEqual(Object.fromEntries(pairs));
  expect(usageOf('KeyÄ')).toBeUndefined();
});

describe('press counters', () => {
  test('a tap between two messages is counted', () => {
    const state = new InputState();
    state.setPad('keys', { ...NO_PAD, buttons: 1 });
    state.setPad('keys', NO_PAD);
    const { pad } = state.sections(ALL);
    expect([pad!.buttons, pad!.presses[0]]).toEqual([0, 1]);
  });

  test('a button held in two places is pressed once', () => {
    const state = new InputState();
    state.setPad('keys', { ...NO_PAD, buttons: 1 });
    state.setPad('gamepad', { ...NO_PAD, buttons: 1 });
    state.setPad('keys', NO_PAD);
    const { pad } = state.sections(ALL);
    expect([pad!.buttons, pad!.presses[0]]).toEqual([1, 1]);
  });

  test('they wrap: pads at 256, keys at 128', () => {
    const state = new InputState();
    for (let i = 0; i < 257; i++) {
      state.setPad('keys', { ...NO_PAD, buttons: 2 });
      state.setPad('keys', NO_PAD);
      state.setKey(4, true);
      state.setKey(4, false);
    }
    const { pad, keys } = state.sections(ALL);
    expect([pad!.presses[1], keys![0]!.presses]).toEqual([1, 1]);
  });

  test('mouse buttons are counted each for itself', () => {
    const state = new InputState();
    for (const buttons of [1, 3, 2, 3, 0]) state.setPointerButtons(buttons);
    expect([...state.pointer.presses]).toEqual([2, 1, 0, 0, 0]);
  });
});

describe('state', () => {
  test('only what the title understands is told', () => {
    const sections = new InputState().sections(new Set<InputKind>(['pad', 'text']));
    expect(Object.keys(sections)).toEqual(['pad']);
  });

  test('a released key is told of for a second, then forgotten', () => {
    let now = 0;
    const state = new InputState(() => now);
    state.setKey(4, true);
    state.setKey(4, false);
    now = 1000;
    expect(state.sections(ALL).keys).toEqual([{ usage: 4, held: false, presses: 1 }]);
    now = 1001;
    expect(state.sections(ALL).keys).toEqual([]);
  });

  test('a lifted finger is told of for a tenth of a second; each touch has its own id', () => {
    let now = 0;
    const state = new InputState(() => now);
    const first = state.addFinger(1, 2);
    state.liftFinger(first);
    expect(state.addFinger(3, 4)).toBe(first + 1);
    expect(state.sections(ALL).touches).toHaveLength(2);
    now = 101;
    expect(state.sections(ALL).touches).toEqual([{ id: 1, down: true, x: 3, y: 4 }]);
  });

  test('each seat has a pad of its own, told of only where the node gave the seat', () => {
    const state = new InputState();
    state.setPad('gamepad', { ...NO_PAD, buttons: 1 });
    state.setPad('gamepad', { ...NO_PAD, buttons: 2 }, 1);
    expect(state.sections(ALL).morePads).toBeUndefined();
    state.seats = 2;
    const { pad, morePads } = state.sections(ALL);
    expect([pad!.buttons, morePads!.map(({ buttons, presses }) => [buttons, presses[1]])]).toEqual([1, [[2, 1]]]);
    state.release();
    expect(state.sections(ALL).morePads![0]!.buttons).toBe(0);
  });

  test('release lets go of everything', () => {
    const state = new InputState();
    state.setPad('gamepad', { ...NO_PAD, buttons: 0xffff, lx: 1 });
    state.setKey(4, true);
    state.setPointerButtons(1);
    state.addFinger(0, 0);
    state.release();
    const { pad, keys, pointer, touches } = state.sections(ALL);
    expect([pad!.buttons, pad!.lx, keys![0]!.held, pointer!.buttons, touches![0]!.down]).toEqual([0, 0, false, 0, false]);
  });
});

describe('keys as a pad', () => {
  const check = (codes: string[], buttons: PadButton[]) => expect(names(padOfKeys(codes).buttons)).toEqual(buttons);
  test('WASM-4 hands', () => check(['ArrowLeft', 'KeyX', 'KeyZ'], ['a', 'b', 'left']));
  test('WASD is a stick as well', () => {
    check(['KeyW', 'KeyD'], ['up', 'right']);
    expect(padOfKeys(['KeyW', 'KeyD'])).toMatchObject({ lx: 1, ly: -1 });
  });
  test('start and select', () => check(['Enter', 'ShiftRight'], ['select', 'start']));
  test('other keys are no buttons', () => check(['KeyP', 'F1'], []));
});

describe('pads', () => {
  test('the larger deflection counts, and a trigger button pulls its trigger', () => {
    const merged = mergePads([{ ...NO_PAD, lx: -0.4 }, { ...NO_PAD, lx: 0.3, buttons: bit('l2') }]);
    expect(merged).toMatchObject({ lx: -0.4, l2: 1, r2: 0 });
  });
  test('a stick at rest is exactly at rest, and reaches its ends', () => {
    expect(stick(0.08, -0.05)).toEqual([0, 0]);
    expect(stick(1, 0)).toEqual([1, 0]);
    expect(Math.hypot(...stick(0.9, 0.9))).toBeCloseTo(1);
  });
  test('a thumb gives eight directions', () => {
    const check = (x: number, y: number, buttons: PadButton[]) => expect(names(padOfThumb(x, y).buttons)).toEqual(buttons);
    check(0.1, 0.1, []);
    check(0.9, 0.1, ['right']);
    check(0.6, -0.6, ['up', 'right']);
    check(-0.7, 0.7, ['down', 'left']);
    check(-0.9, -0.01, ['left']);
    check(0, 1, ['down']);
  });
  test('a cross gives directions and leaves the stick alone', () => {
    expect(padOfThumb(0.9, 0, 'cross')).toMatchObject({ buttons: bit('right'), lx: 0 });
    expect(padOfThumb(0.9, 0, 'stick')).toMatchObject({ buttons: bit('right'), lx: 0.9 });
  });
});

describe('pointer', () => {
  test('positions stay on the picture', () => {
    expect([toWire(10, 10, 100), toWire(110, 10, 100), toWire(-5, 10, 100), toWire(60, 10, 100)]).toEqual([0, 65535, 0, 32768]);
  });
  test('a notch is 120, however the browser counts', () => {
    expect([wheelUnits(3, 1, undefined), wheelUnits(100, 0, undefined), wheelUnits(53, 0, -120)]).toEqual([120, 120, 120]);
  });
});

describe('script input', () => {
  const box = { left: 0, top: 0, width: 320, height: 320, pictureWidth: 160, pictureHeight: 160 };
  test('is held until it says otherwise', () => {
    const state = new InputState();
    const script = new ScriptPad(state);
    script.apply({ pad: ['a', 'left'], keys: ['KeyW'] }, box);
    script.apply({ lx: -0.5 }, box);
    expect(names(state.sections(ALL).pad!.buttons)).toEqual(['a', 'left']);
    script.apply({ pad: [], keys: [] }, box);
    expect(state.sections(ALL)).toMatchObject({ pad: { buttons: 0, lx: -16383 }, keys: [{ usage: 0x1a, held: false }] });
  });
  test('names what it does not know', () => {
    const script = new ScriptPad(new InputState());
    expect(() => script.apply({ pad: ['q' as PadButton] }, box)).toThrow('`q` is no pad button');
    expect(() => script.apply({ keys: ['w'] }, box)).toThrow('`w` is no key');
  });
  test('a mouse position lands in the middle of its pixel', () => {
    const state = new InputState();
    new ScriptPad(state).apply({ mouse: { x: 80, y: 159, buttons: ['left', 'middle'] } }, box);
    expect(Math.floor((state.pointer.x * 160) / 65536)).toBe(80);
    expect(Math.floor((state.pointer.y * 160) / 65536)).toBe(159);
    expect(state.pointer.buttons).toBe(5);
  });
});

test('text is cut between characters', () => {
  expect(pieces('')).toEqual([]);
  expect(pieces('aé🎮b', 4)).toEqual(['aé', '🎮', 'b']);
});

test('the picture takes whole pixels where that costs little', () => {
  const scale = (width: number, height: number, ratio = 1) => scaleFor({ width, height }, { width: 160, height: 160 }, ratio);
  expect([scale(1920, 1080), scale(360, 640), scale(100, 100), scale(300, 300)]).toEqual([6, 2, 0.625, 1.875]);
  expect(scale(360, 640, 3)).toBeCloseTo(2);
});
