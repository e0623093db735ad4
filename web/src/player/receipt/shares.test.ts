import { describe, expect, test } from 'vitest';
import type { Stage, StageHistogram } from '../../api';
import { columnsOf, place, sharesOf, ticksOf } from './shares';

const stage = (name: string, p50_ms: number): Stage => ({ name, p50_ms, p95_ms: 2 * p50_ms, p99_ms: 0, max_ms: 0 });
const histogram = (buckets: [number, number, number][]): StageHistogram => ({ name: 'total', count: 0, sum_us: 0, min_us: 0, max_us: 0, buckets });

test('every stage falls to one part', () => {
  const names = ['uplink', 'wait', 'guest', 'convert', 'encode', 'send', 'network', 'decode', 'present'];
  const shares = sharesOf([...names.map((name, i) => stage(name, 2 ** i)), stage('total', 10_000)]);
  expect(shares.reduce((sum, share) => sum + share.p50Ms, 0)).toBe(2 ** names.length - 1);
  expect(shares.reduce((sum, share) => sum + share.p95Ms, 0)).toBe(2 * (2 ** names.length - 1));
});

describe('columns', () => {
  test.each<[[number, number, number][]]>([[[[1000, 1001, 5]]], [[[0, 1, 2], [900, 1000, 3], [1_000_000, 1_100_000, 1]]], [[[16_000, 17_000, 40], [17_000, 18_000, 60]]]])('hold every picture: %j', (buckets) => {
    const { counts, fromUs, toUs } = columnsOf(histogram(buckets), 40);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeCloseTo(buckets.reduce((sum, [, , count]) => sum + count, 0), 6);
    expect(toUs / fromUs).toBeGreaterThanOrEqual(4);
    expect(ticksOf(fromUs, toUs).length).toBeLessThanOrEqual(7);
  });

  test('nothing is drawn as nothing', () => {
    expect(columnsOf(histogram([]), 10).counts).toEqual(new Array(10).fill(0));
    expect(place(0, 100, 1000)).toBe(0);
  });
});
