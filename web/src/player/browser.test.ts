import { expect, test } from 'vitest';
import { lacksOf, type Abilities } from './browser';

const ALL: Abilities = { secure: true, webrtc: true, lossless: true, encodedTransform: true, h264: true, frameTimes: true, gamepads: true, rumble: true, pointerLock: true, rawPointer: true, fullscreen: true, keyboardLock: true, pip: true, volume: true, storage: true };

test('a browser that has it all lacks nothing', () => expect(lacksOf(ALL, false)).toEqual([]));

test('each lack has a name and says what it means', () => {
  for (const ability of Object.keys(ALL) as (keyof Abilities)[]) {
    const lacks = lacksOf({ ...ALL, [ability]: false }, false);
    expect(lacks.map((lack) => lack.ability)).toEqual([ability]);
    for (const { name, means } of lacks) expect([name.length > 2, means.endsWith('.')]).toEqual([true, true]);
  }
});

test('a telephone does not miss what mice and keyboards need', () => {
  expect(lacksOf({ ...ALL, pointerLock: false, keyboardLock: false, h264: false }, true).map(({ ability }) => ability)).toEqual(['h264']);
});

test('what would be no use is not missed', () => {
  const check = (without: Partial<Abilities>, expected: string[]) => expect(lacksOf({ ...ALL, ...without }, false).map(({ ability }) => ability)).toEqual(expected);
  // A WebKitGTK as Debian has it.
  check({ webrtc: false, encodedTransform: false, h264: false, pip: false }, ['webrtc', 'pip']);
  check({ webrtc: false, lossless: false, encodedTransform: false, h264: false, frameTimes: false }, ['webrtc']);
  check({ lossless: false, encodedTransform: false }, ['lossless']);
  check({ h264: false, frameTimes: false }, ['h264']);
});
