import { describe, expect, test } from 'vitest';
import type { InputKind } from '../api';
import { usageOf } from './input/hid';
import type { TouchPointer } from './settings';
import { SCREEN_KEYS, shownButtons, touchLayout } from './touchlayout';

describe('what fingers get', () => {
  const check = (kinds: InputKind[], expected: [controls: string | null, automatic: boolean, picture: string | null], pointer: TouchPointer = 'auto') => {
    const { controls, automatic, picture } = touchLayout(new Set(kinds), pointer);
    expect([controls, automatic, picture]).toEqual(expected);
  };
  test('a pad title: a pad', () => check(['pad'], ['pad', true, null]));
  test('a pad title that reads keys too: a pad', () => check(['pad', 'keys'], ['pad', true, null]));
  test('a touch title: its own fingers, and a pad only if asked for', () => check(['pad', 'touch'], ['pad', false, 'fingers']));
  test('a mouse title: the finger points, or pushes', () => {
    check(['mouse'], [null, false, 'direct']);
    check(['mouse'], [null, false, 'trackpad'], 'trackpad');
  });
  test('pad and mouse: both', () => check(['pad', 'mouse'], ['pad', true, 'direct']));
  test('motion has to be pushed', () => {
    check(['motion', 'keys'], ['keys', true, 'trackpad']);
    check(['motion'], [null, false, 'trackpad'], 'direct');
    check(['motion', 'mouse'], [null, false, 'direct'], 'direct');
  });
  test('a title that reads keys alone: keys; one that wants typing: the keyboard of the device', () => {
    check(['keys'], ['keys', true, null]);
    check(['keys', 'text'], [null, false, null]);
  });
  test('nothing, for one that reads nothing', () => check([], [null, false, null]));
});

test('more buttons include the fewer', () => {
  const [two, four, all] = [shownButtons('two'), shownButtons('four'), shownButtons('all')];
  expect([two.every((button) => four.includes(button)), four.every((button) => all.includes(button))]).toEqual([true, true]);
});

test('keys on the screen are keys', () => {
  for (const [code] of Object.values(SCREEN_KEYS)) expect(usageOf(code)).toBeDefined();
});
