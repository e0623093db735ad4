import { describe, expect, it } from 'vitest';
import { pastes, screenFor } from './desk';

describe('the screen of a program', () => {
  const cases: [string, number, number, number, number, number][] = [
    ['as large as the window', 1000, 700, 1, 1000, 700],
    ['even', 1001, 701, 1, 1000, 700],
    ['finer on a finer display, within reason', 800, 500, 1.25, 1000, 624],
    ['not too fine', 800, 500, 3, 1200, 750],
    ['not larger than pictures are, and of the same shape', 3840, 2160, 1, 1920, 1080],
    ['however wide', 3440, 1000, 1, 1920, 558],
    ['however small', 30, 20, 1, 64, 64],
  ];
  for (const [name, width, height, ratio, w, h] of cases) {
    it(name, () => expect(screenFor({ width, height }, ratio)).toEqual({ width: w, height: h }));
  }
});

it('knows keys that paste', () => {
  const keys = (code: string, held: string[]) => {
    const is = (name: string) => held.includes(name);
    return pastes({ code, ctrlKey: is('ctrl'), shiftKey: is('shift'), altKey: is('alt'), metaKey: is('meta') } as KeyboardEvent);
  };
  expect(keys('KeyV', ['ctrl'])).toBe(true);
  expect(keys('KeyV', ['ctrl', 'shift'])).toBe(true);
  expect(keys('Insert', ['shift'])).toBe(true);
  expect(keys('KeyV', [])).toBe(false);
  expect(keys('KeyV', ['ctrl', 'alt'])).toBe(false);
  expect(keys('Insert', ['ctrl', 'shift'])).toBe(false);
});
