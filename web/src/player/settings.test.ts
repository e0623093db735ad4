import { describe, expect, test } from 'vitest';
import { DEFAULTS, choose, parseSettings } from './settings';

describe('kept settings', () => {
  test('of an earlier version keep what they say, the rest is as usual', () => {
    expect(parseSettings({ volume: 0.4, muted: true, video: 'h264', stats: true })).toEqual({ ...DEFAULTS, volume: 0.4, muted: true, video: 'h264', stats: true });
  });
  test('whatever else lies there is left out, one by one', () => {
    const odd = { volume: 7, muted: 'yes', scale: 'stretch', pixels: null, touchOpacity: 0, touchButtons: 'two', evil: 1, __proto__: { muted: true } };
    expect(parseSettings(odd)).toEqual({ ...DEFAULTS, touchButtons: 'two' });
  });
  test('that are no settings at all are the usual ones', () => {
    for (const raw of [null, undefined, 3, 'x', [], [1]]) expect(parseSettings(raw)).toEqual(DEFAULTS);
  });
  test('a script that sets something else is told what there is', () => {
    expect(() => choose('scale', ['fit', 'fill'], 'big' as 'fit')).toThrow('scale is fit, fill, not big');
  });
});
