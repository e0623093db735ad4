import { describe, expect, test } from 'vitest';
import { bottleneck, type Measured, type Part } from './bottleneck';

const QUICK = { uplink: 1, wait: 8, guest: 1, convert: 0.2, encode: 1, send: 0.2, network: 1, decode: 1, present: 8 };

/** Stages whose medians are these; the worst is half as much again unless said. */
function measured(medians: Partial<typeof QUICK>, worst: Partial<typeof QUICK> = {}, more: Partial<Measured> = {}): Measured {
  const all = { ...QUICK, ...medians };
  const stage = (name: string, p50: number, p95 = p50 * 1.5) => ({ name, p50_ms: p50, p95_ms: p95, p99_ms: p95, max_ms: p95 });
  const stages = Object.entries(all).map(([name, p50]) => stage(name, p50, worst[name as keyof typeof QUICK]));
  const total = Object.values(all).reduce((sum, value) => sum + value, 0);
  return { stages: [...stages, stage('total', total)], rttMs: 4, pictures: 100, otherWay: 'Lossless', ...more };
}

describe('what holds it up', () => {
  const check = (given: Measured, part: Part | null, ...words: string[]) => {
    const found = bottleneck(given);
    expect(found.part).toBe(part);
    for (const word of words) expect(found.sentence).toContain(word);
  };
  test('nothing: waiting for a tick and for the screen is nobody’s fault', () => check(measured({}), null, 'Nothing holds it up', '21 ms'));
  test('the network, on the way here', () => check(measured({ network: 70 }), 'network', 'The network takes 70 ms of 90 ms', 'cable'));
  test('the network, on the way there', () => check(measured({ uplink: 60 }), 'network', 'your input'));
  test('the encoder, with another way to choose', () => check(measured({ encode: 45 }), 'server', 'encode', 'Lossless, under Picture'));
  test('the encoder, with none', () => check(measured({ encode: 45 }, {}, { otherWay: null }), 'server', 'fewer sessions'));
  test('the title', () => check(measured({ guest: 50 }), 'title', 'The title takes 50 ms'));
  test('a server too busy to tick', () => check(measured({ wait: 60 }), 'server', 'takes your input'));
  test('the decoder', () => check(measured({ decode: 55 }), 'browser', 'This browser takes 55 ms', 'tabs'));
  test('the screen', () => check(measured({ present: 70 }), 'browser', 'screen'));
  test('of two, the one with more beyond what is its own', () => check(measured({ wait: 30, network: 28 }), 'network'));
  test('what stutters though it is quick', () => check(measured({}, { network: 90 }), 'network', 'at times 90 ms'));
  test('before the server tells, the round trip', () => check({ stages: [], rttMs: 150, pictures: 9, otherWay: null }, 'network', '150 ms there and back'));
  test('before anything', () => check({ stages: [], rttMs: null, pictures: 0, otherWay: null }, null, 'No picture has come yet.'));
  test('stages of a newer server are left out', () => check({ stages: [{ name: 'magic', p50_ms: 900, p95_ms: 900, p99_ms: 900, max_ms: 900 }], rttMs: 3, pictures: 9, otherWay: null }, null));
});
