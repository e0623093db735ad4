import { describe, expect, test } from 'vitest';
import { Bindings, NO_LAYER, conflictsOf, inputsOf, isEmpty, parseLayer, type Layer } from './bindings';
import { padOfGamepad } from './gamepad';
import { padOfKeys } from './keyboard';
import { PAD_BUTTONS, bit, type PadButton } from './pad';

const layer = (part: Partial<Layer>): Layer => ({ ...NO_LAYER, ...part });
const names = (buttons: number) => PAD_BUTTONS.filter((name) => buttons & bit(name));
const pressed = (...held: number[]) => ({ buttons: Array.from({ length: 18 }, (_, i) => ({ pressed: held.includes(i), value: held.includes(i) ? 1 : 0 })), axes: [0, 0, 0, 0] }) as unknown as Gamepad;

describe('changed keys', () => {
  const check = (bindings: Bindings, code: string, buttons: PadButton[]) => expect(names(padOfKeys([code], bindings).buttons)).toEqual(buttons);

  test('the new key presses, the usual ones of that button do not', () => {
    const bindings = new Bindings(layer({ keys: { a: 'KeyJ' } }));
    check(bindings, 'KeyJ', ['a']);
    check(bindings, 'Space', []);
    check(bindings, 'KeyZ', ['b']);
  });
  test('a key chosen on purpose loses what it usually does', () => {
    const bindings = new Bindings(layer({ keys: { a: 'KeyZ' } }));
    check(bindings, 'KeyZ', ['a']);
    check(bindings, 'KeyC', ['b']);
  });
  test("a title's changes go before those for all titles, button by button", () => {
    const bindings = new Bindings(layer({ keys: { a: 'KeyJ' } }), layer({ keys: { a: 'KeyK', b: 'KeyL' } }));
    check(bindings, 'KeyJ', ['a']);
    check(bindings, 'KeyK', []);
    check(bindings, 'KeyL', ['b']);
  });
  test('a direction on another key moves the stick too', () => {
    const bindings = new Bindings(layer({ keys: { left: 'KeyH' } }));
    expect(padOfKeys(['KeyH'], bindings)).toMatchObject({ lx: -1, buttons: bit('left') });
    expect(padOfKeys(['KeyA'], bindings)).toMatchObject({ lx: 0, buttons: 0 });
    expect(padOfKeys(['KeyD'], bindings)).toMatchObject({ lx: 1, buttons: bit('right') });
  });
});

describe('conflicts', () => {
  test('one key chosen twice does both, and each says so', () => {
    const { keys } = new Bindings(layer({ keys: { a: 'KeyJ', b: 'KeyJ' } }));
    expect([conflictsOf(keys, 'a'), conflictsOf(keys, 'b'), conflictsOf(keys, 'x')]).toEqual([['b'], ['a'], []]);
  });
  test('none by default', () => {
    const { keys, pad } = new Bindings();
    for (const button of PAD_BUTTONS) expect([conflictsOf(keys, button), conflictsOf(pad, button)]).toEqual([[], []]);
  });
  test('a button whose only key was taken has none', () => {
    expect(inputsOf(new Bindings(layer({ keys: { a: 'Enter' } })).keys, 'start')).toEqual([]);
  });
});

describe('changed pad buttons', () => {
  test('press what they were given', () => {
    const { masks } = new Bindings(layer({ pad: { a: 1, b: 0 } }));
    expect(names(padOfGamepad(pressed(0), masks).buttons)).toEqual(['b']);
    expect(names(padOfGamepad(pressed(1), masks).buttons)).toEqual(['a']);
  });
  test('any button may pull a trigger, and no other does then', () => {
    const { masks } = new Bindings(layer({ pad: { r2: 5 } }));
    expect(padOfGamepad(pressed(5), masks)).toMatchObject({ r2: 1, buttons: bit('r2') });
    expect(padOfGamepad(pressed(7), masks)).toMatchObject({ r2: 0, buttons: 0 });
  });
  test('buttons that the standard has no name for can be used', () => {
    expect(names(padOfGamepad(pressed(17), new Bindings(layer({ pad: { select: 17 } })).masks).buttons)).toEqual(['select']);
  });
});

describe('keys of the title', () => {
  test('the other key is sent as the one it stands for, and no more as itself', () => {
    const bindings = new Bindings(layer({ swaps: { KeyW: 'ArrowUp' } }));
    expect([bindings.sent('ArrowUp'), bindings.sent('KeyW'), bindings.sent('KeyQ')]).toEqual([['KeyW'], [], ['KeyQ']]);
  });
  test('two keys may change places', () => {
    const bindings = new Bindings(layer({ swaps: { KeyW: 'KeyZ', KeyZ: 'KeyW' } }));
    expect([bindings.sent('KeyW'), bindings.sent('KeyZ')]).toEqual([['KeyZ'], ['KeyW']]);
  });
});

describe('keys of the player', () => {
  const acts = (bindings: Bindings, usual = true) => Object.fromEntries(bindings.acts(usual));

  test('have their usual keys, but not where a title is all about keys', () => {
    expect(acts(new Bindings())).toEqual({ F2: ['save'], F4: ['load'] });
    expect(acts(new Bindings(), false)).toEqual({});
  });
  test('go where they were put, for one title or for all', () => {
    const bindings = new Bindings(layer({ acts: { save: 'F4' } }), layer({ acts: { save: 'F6', load: 'F7' } }));
    expect(acts(bindings)).toEqual({ F4: ['save'], F7: ['load'] });
    expect(acts(bindings, false)).toEqual({ F4: ['save'], F7: ['load'] });
    expect(acts(new Bindings(layer({ acts: { save: 'F4' } })))).toEqual({ F4: ['save'] });
  });
});

describe('what lies in storage', () => {
  test('is read, and what is not understood left out', () => {
    const raw = { keys: { a: 'KeyJ', b: 'Nothing', q: 'KeyQ', x: 3 }, pad: { a: 1, b: -1, x: 99, y: '2' }, swaps: { KeyW: 'ArrowUp', KeyQ: 'KeyQ', foo: 'KeyA', KeyE: 5 }, acts: { save: 'F6', load: 'Nothing', fly: 'F7' }, later: {} };
    expect(parseLayer(raw)).toEqual({ keys: { a: 'KeyJ' }, pad: { a: 1 }, swaps: { KeyW: 'ArrowUp' }, acts: { save: 'F6' } });
  });
  test('may be anything', () => {
    for (const raw of [null, 'x', 4, [], { keys: null, pad: 'x', swaps: [1] }]) expect(isEmpty(parseLayer(raw))).toBe(true);
  });
});
