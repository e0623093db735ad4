import { expect, test } from 'vitest';
import { lacksOf, type Abilities } from './browser';

const ALL: Abilities = { secure: true, webrtc: true, lossless: true, encodedTransform: true, h264: true, frameTimes: true, gamepads: true, rumble: true, pointerLock: true, rawPointer: true, fullscreen: true, keyboardLock: true, pip: true, storage: true };

test('a browser that has it all lacks nothing', () => expect(lacksOf(ALL, false)).toEqual([]));

test('each lack has a name and says what it means', () => {
  const none = Object.fromEntries(Object.keys(ALL).map((name) => [name, false])) as unknown as Abilities;
  const lacks = lacksOf(none, false);
  expect(lacks.map(({ ability }) => ability)).toEqual(Object.keys(ALL));
  for (const { name, means } of lacks) expect([name.length > 2, means.endsWith('.')]).toEqual([true, true]);
});

test('a telephone does not miss what mice and keyboards need', () => {
  expect(lacksOf({ ...ALL, pointerLock: false, keyboardLock: false, h264: false }, true).map(({ ability }) => ability)).toEqual(['h264']);
});
