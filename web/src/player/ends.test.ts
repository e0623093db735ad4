import { expect, test } from 'vitest';
import rust from '../../../crates/playfield-core/src/api.rs?raw';
import { REASONS, WAYS, endScreen, faultScreen, type Fault } from './ends';
import { stereo } from './connection';

test('every reason of playfield-core has a screen, and there is none besides', () => {
  const body = /pub enum EndReason \{([^}]*)\}/.exec(rust)![1]!;
  const reasons = [...body.matchAll(/^ {4}(\w+),$/gm)].map(([, name]) => name![0]!.toLowerCase() + name!.slice(1));
  expect(reasons.length).toBeGreaterThan(10);
  expect([...REASONS].sort()).toEqual(reasons.sort());
});

test('every screen says one sentence and leads on', () => {
  const faults: Fault[] = ['unreachable', 'lost', 'blocked', 'unknownTitle', 'signIn', 'unsupported', 'refused'];
  const screens = [...REASONS.map((reason) => endScreen(reason, null)), ...faults.map((fault) => faultScreen(fault, null))];
  for (const { headline, sentence, ways } of screens) {
    expect(headline).not.toBe('');
    expect(sentence).toMatch(/\.$/);
    expect(ways.length).toBeGreaterThan(0);
    expect(ways.every((way) => WAYS[way])).toBe(true);
  }
});

test('the sentence of the server goes first', () => {
  expect(endScreen('guestTrap', 'Division by zero in pf_tick.').sentence).toBe('Division by zero in pf_tick.');
  expect(endScreen('guestTrap', '  ').sentence).toBe(endScreen('guestTrap', null).sentence);
});

test('Opus is asked for in stereo, once, and nothing else changes', () => {
  const sdp = 'a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=fmtp:96 x=1\r\n';
  const expected = sdp.replace('useinbandfec=1', 'useinbandfec=1;stereo=1');
  expect(stereo(sdp)).toBe(expected);
  expect(stereo(expected)).toBe(expected);
  expect(stereo('v=0\r\n')).toBe('v=0\r\n');
});
