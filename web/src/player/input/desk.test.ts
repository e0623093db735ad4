import { describe, expect, test } from 'vitest';
import { PadDesk, padName, padSentence } from './desk';

const PAD = (index: number, id = `pad ${index}`) => ({ index, id });

describe('gamepads', () => {
  test('that are there from the beginning are no news; later ones are, and so is one that goes', () => {
    const desk = new PadDesk();
    expect(desk.update([PAD(0)])).toEqual([]);
    expect(desk.update([PAD(0), PAD(1)])).toMatchObject([{ type: 'came', pad: { index: 1 } }]);
    expect(desk.update([PAD(1)])).toMatchObject([{ type: 'went', pad: { index: 0 } }]);
    expect(desk.list().map((pad) => pad.index)).toEqual([1]);
  });
  test('another pad in the same place is another pad', () => {
    const desk = new PadDesk();
    desk.update([PAD(0, 'one')]);
    expect(desk.update([PAD(0, 'two')]).map((event) => event.type)).toEqual(['went', 'came']);
  });
  test('join as they are pressed, each as the first player without one', () => {
    const desk = new PadDesk();
    desk.players = 4;
    desk.update([PAD(0), PAD(1), PAD(2)]);
    expect(desk.pressed(2)).toMatchObject([{ type: 'joined', pad: { index: 2, player: 0 } }]);
    desk.pressed(0);
    expect(desk.pressed(2)).toEqual([]);
    expect(desk.list().map((pad) => pad.player)).toEqual([1, null, 0]);
    expect(desk.used).toBe(2);
  });
  test('are all one player where there is one', () => {
    const desk = new PadDesk();
    desk.update([PAD(0), PAD(1)]);
    [0, 1].forEach((index) => desk.pressed(index));
    expect(desk.list().map((pad) => pad.player)).toEqual([0, 0]);
  });
  test('left out stay so, also when they come back', () => {
    const desk = new PadDesk();
    desk.update([PAD(0)]);
    desk.give(0, null);
    desk.update([]);
    desk.update([PAD(3, 'pad 0')]);
    expect(desk.pressed(3)).toEqual([]);
    expect(desk.list()).toMatchObject([{ index: 3, player: null, off: true }]);
  });
  test('that come back play as they did', () => {
    const desk = new PadDesk();
    desk.players = 2;
    desk.update([PAD(0), PAD(1)]);
    desk.give(1, 1);
    desk.update([PAD(0)]);
    desk.update([PAD(0), PAD(1)]);
    expect(desk.playerOf(1)).toBe(1);
  });
  test('of a player that is no more join anew', () => {
    const desk = new PadDesk();
    desk.players = 2;
    desk.update([PAD(0)]);
    desk.give(0, 1);
    desk.players = 1;
    expect(desk.playerOf(0)).toBeNull();
    desk.pressed(0);
    expect(desk.playerOf(0)).toBe(0);
  });
});

test('names are for people', () => {
  const check = (id: string, name: string) => expect(padName(id)).toBe(name);
  check('Xbox Wireless Controller (STANDARD GAMEPAD Vendor: 045e Product: 0b13)', 'Xbox Wireless Controller');
  check('USB gamepad (Vendor: 0079 Product: 0011)', 'USB gamepad');
  check('045e-028e-Microsoft X-Box 360 pad', 'Microsoft X-Box 360 pad');
  check('', 'Gamepad');
});

test('who joins is told only where there is a choice', () => {
  const pad = { index: 0, name: 'Pad', player: 1, off: false };
  expect([padSentence({ type: 'joined', pad }), padSentence({ type: 'came', pad }), padSentence({ type: 'went', pad })]).toEqual([null, 'Pad is connected.', 'Pad is gone.']);
});
