import { describe, expect, test } from 'vitest';
import type { Account } from '../../api';
import { quantiles, verdictOf } from './figures';

describe('quantiles', () => {
  test.each<[number[], number, number]>([
    [[], 0, 0],
    [[5], 5, 5],
    [[3, 1, 2, 4], 2, 4],
    [Array.from({ length: 100 }, (_, i) => 100 - i), 50, 95],
  ])('%j', (samples, p50_ms, p95_ms) => {
    const before = [...samples];
    expect(quantiles(samples)).toEqual({ count: samples.length, p50_ms, p95_ms, samples_ms: before });
  });
});

test('the verdict names the largest part only where it is felt', () => {
  const stage = (name: string, p50_ms: number) => ({ name, p50_ms, p95_ms: 0, p99_ms: 0, max_ms: 0 });
  const receipt = { stages: [stage('uplink', 20), stage('network', 21), stage('wait', 8)] } as unknown as Account;
  expect(verdictOf(9.14, receipt)).toContain('9.1 ms later than on a canvas of this page: less than one picture');
  expect(verdictOf(-1, null)).toContain('0.0 ms');
  expect(verdictOf(50, receipt)).toContain('41.0 ms, is the network.');
  expect(verdictOf(50, null)).toMatch(/page\.$/);
});
