import { expect, test } from 'vitest';
import { takesBack } from './connection';

test('of what waits for its channel only that is left out which a later word takes back', () => {
  const visible = (visible: boolean) => ({ type: 'visible', visible }) as const;
  const choose = (key: string) => ({ type: 'choose', key, value: 'x' }) as const;
  const piece = (text: string) => ({ type: 'clipboard', text, more: true }) as const;
  const typed = (text: string) => ({ type: 'text', text }) as const;
  expect(takesBack(visible(true), visible(false))).toBe(true);
  expect(takesBack(choose('a'), choose('a'))).toBe(true);
  expect(takesBack(choose('a'), choose('b'))).toBe(false);
  expect(takesBack(piece('b'), piece('a'))).toBe(false);
  expect(takesBack(typed('b'), typed('a'))).toBe(false);
  expect(takesBack(visible(true), choose('a'))).toBe(false);
});
