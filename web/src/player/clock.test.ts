import { expect, test } from 'vitest';
import { Clock } from './clock';

/** A message that left at `sent`, took `there`, waited `inside` and took `back`, between clocks `offset` apart. */
function exchange(clock: Clock, offset: number, sent: number, there: number, inside: number, back: number): void {
  const received = sent + there + offset;
  clock.hear({ seq: 1, viewerSentUs: sent, nodeReceivedUs: received, nodeSentUs: received + inside }, sent + there + inside + back);
}

test('nothing is known before the first answer', () => {
  expect(new Clock(0).estimate()).toBeNull();
  expect(new Clock(0).roundTripMs()).toBeNull();
});

test('an even path gives the exact offset, and half the round trip as its error', () => {
  const clock = new Clock(0);
  exchange(clock, 1_000_000, 500, 2_000, 100, 2_000);
  expect(clock.estimate()).toEqual({ offsetUs: 1_000_000, errorUs: 2_000 });
});

test('the sample that waited least is kept, and the truth lies within its error', () => {
  const clock = new Clock(0);
  exchange(clock, -7_000, 0, 40_000, 0, 1_000);
  exchange(clock, -7_000, 100_000, 900, 0, 1_100);
  exchange(clock, -7_000, 200_000, 1_000, 0, 30_000);
  const { offsetUs, errorUs } = clock.estimate()!;
  expect(errorUs).toBe(1_000);
  expect(Math.abs(offsetUs + 7_000)).toBeLessThanOrEqual(errorUs);
  expect(clock.roundTripMs()).toBe(31);
});

test('a good sample is forgotten after sixteen more, since clocks drift', () => {
  const clock = new Clock(0);
  exchange(clock, 0, 0, 10, 0, 10);
  for (let i = 1; i <= 16; i++) exchange(clock, 0, i * 1000, 300, 0, 300);
  expect(clock.estimate()!.errorUs).toBe(300);
});

test('an answer from before its question is no sample', () => {
  const clock = new Clock(0);
  exchange(clock, 0, 1000, -600, 0, 100);
  expect(clock.estimate()).toBeNull();
});

test('what the browser rounds its clock by is part of the error', () => {
  const clock = new Clock(1000);
  exchange(clock, 0, 0, 0, 0, 0);
  expect(clock.estimate()!.errorUs).toBe(1000);
});
