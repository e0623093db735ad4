import { expect, test } from 'vitest';
import { played, when } from './states';

test('how long was played is told in minutes and seconds, and in hours where there are some', () => {
  for (const [ms, text] of [[0, '0:00'], [999, '0:00'], [65_000, '1:05'], [3_599_999, '59:59'], [3_845_000, '1:04:05'], [360_000_000, '100:00:00']] as const) expect(played(ms)).toBe(text);
});

test('a day is told only where it was another one', () => {
  const at = (...parts: [number, number, number, number, number]) => new Date(...parts).getTime();
  const now = at(2026, 4, 9, 20, 0);
  expect(when(at(2026, 4, 9, 8, 5), now)).toBe(new Date(2026, 4, 9, 8, 5).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' }));
  expect(when(at(2026, 4, 8, 20, 5), now)).toMatch(/8/);
  expect(when(at(2026, 4, 8, 20, 5), now)).not.toMatch(/2026/);
  expect(when(at(2025, 4, 9, 20, 0), now)).toMatch(/2025/);
});
