import { expect, test } from 'vitest';
import { Trackpad } from './trackpad';

test('a finger pushes, and its way is no click', () => {
  const pad = new Trackpad();
  expect(pad.down(1, 10, 10, 0)).toEqual([]);
  expect(pad.move(1, 30, 5)).toEqual([{ type: 'move', dx: 20, dy: -5 }]);
  expect(pad.up(1, 100)).toEqual([]);
});

test('a tap clicks left, a tap of two right', () => {
  const pad = new Trackpad();
  pad.down(1, 0, 0, 0);
  expect(pad.up(1, 80)).toEqual([{ type: 'click', buttons: 1 }]);
  pad.down(2, 0, 0, 1000);
  pad.down(3, 50, 0, 1010);
  expect([pad.up(2, 1050), pad.up(3, 1060)]).toEqual([[], [{ type: 'click', buttons: 2 }]]);
});

test('a press held long is none', () => {
  const pad = new Trackpad();
  pad.down(1, 0, 0, 0);
  expect(pad.up(1, 600)).toEqual([]);
});

test('a tap followed by a drag holds the button until the finger lifts', () => {
  const pad = new Trackpad();
  pad.down(1, 0, 0, 0);
  pad.up(1, 50);
  expect(pad.down(1, 0, 0, 150)).toEqual([{ type: 'hold', buttons: 1 }]);
  expect(pad.move(1, 8, 0)).toEqual([{ type: 'move', dx: 8, dy: 0 }]);
  expect(pad.up(1, 900)).toEqual([{ type: 'hold', buttons: 0 }]);
});

test('two fingers scroll, by what they move together', () => {
  const pad = new Trackpad();
  pad.down(1, 0, 0, 0);
  pad.down(2, 40, 0, 5);
  expect([pad.move(1, 0, 10), pad.move(2, 40, 10)]).toEqual([[{ type: 'scroll', dx: 0, dy: 5 }], [{ type: 'scroll', dx: 0, dy: 5 }]]);
});
