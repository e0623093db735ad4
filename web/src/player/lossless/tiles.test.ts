import { expect, test } from 'vitest';
import { isTile, readShows } from './tiles';

test('which tiles a picture shows is read as the document says, and nothing else is taken for it', () => {
  expect(readShows(Uint8Array.of(0xd4, 9, 0, 0, 0x80, 1, 2, 0, 0x80, 255, 1, 0, 0x80, 0b101))).toEqual({ word: 0x80000009, rtp: 0x80000201, since: 0x800001ff, bits: Uint8Array.of(0b101) });
  for (const bytes of [[], [0xd4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4], [0xd1, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 5]]) expect(readShows(Uint8Array.from(bytes))).toBeNull();
});

test('tiles are told from pictures by their number', () => {
  const numbered = (high: number) => Uint8Array.of(0xd1, 2, 0, 0, 0, high, 0, 0);
  expect([0x80, 0xff, 0x7f, 0].map((high) => isTile(numbered(high)))).toEqual([true, true, false, false]);
  expect(isTile(Uint8Array.of(0xd2, 0, 0, 0, 0, 0x80, 0, 0))).toBe(false);
});
