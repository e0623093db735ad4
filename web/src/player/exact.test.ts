import { expect, test } from 'vitest';
import { Said } from './exact';

const bits = (value: number) => Uint8Array.of(value);

test('what was said last of a picture counts, and of pictures in between it is said as well', () => {
  const said = new Said();
  said.add({ word: 1, since: 100, rtp: 100, bits: bits(1) });
  said.add({ word: 2, since: 100, rtp: 300, bits: bits(3) });
  expect([100, 200, 300].map((picture) => said.of(picture))).toEqual([bits(3), bits(3), bits(3)]);
  expect([99, 301].map((picture) => said.of(picture))).toEqual([null, null]);

  said.add({ word: 3, since: 400, rtp: 400, bits: bits(2) });
  expect([300, 400].map((picture) => said.of(picture)), 'with the picture of 400 something changed').toEqual([bits(3), bits(2)]);
  said.clear();
  expect(said.of(400)).toBeNull();
});

test('a word that was overtaken by a later one counts for nothing', () => {
  const said = new Said();
  said.add({ word: 0, since: 100, rtp: 200, bits: bits(7) });
  said.add({ word: 0xffffffff, since: 100, rtp: 200, bits: bits(1) });
  said.add({ word: 0xfffffffe, since: 100, rtp: 300, bits: bits(1) });
  expect([150, 200].map((picture) => said.of(picture))).toEqual([bits(7), bits(7)]);
  expect(said.of(300)).toEqual(bits(1));
});

test('timestamps wrap, and words of long ago are forgotten', () => {
  const said = new Said();
  said.add({ word: 0, since: 0xffffff00, rtp: 0x100, bits: bits(1) });
  expect([0xffffff00, 0xffffffff, 0, 0x100, 0x101].map((picture) => said.of(picture) !== null)).toEqual([true, true, true, true, false]);
  for (let picture = 1000; picture < 1064; picture++) said.add({ word: picture, since: picture, rtp: picture, bits: bits(1) });
  expect(said.of(0)).toBeNull();
});
