import { describe, expect, test } from 'vitest';
import { placeOf, scaleFor, type Scale } from './fit';
import { toWire } from './input/pointer';

const PICTURE = { width: 160, height: 144 };

describe('the size of the picture', () => {
  const check = (mode: Scale, room: [number, number], ratio: number, expected: number) =>
    expect(scaleFor({ width: room[0], height: room[1] }, PICTURE, ratio, mode)).toBeCloseTo(expected, 6);
  test('fit: as large as fits', () => check('fit', [1440, 900], 1, 6.25));
  test('fill: the other side decides', () => check('fill', [1440, 900], 1, 9));
  test('integer: whole pixels, whatever that costs', () => check('integer', [1000, 280], 1, 1));
  test('integer: of the screen, not of the page', () => check('integer', [1000, 280], 2, 1.5));
  test('integer: a picture larger than the room fits all the same', () => check('integer', [100, 90], 1, 0.625));
  test('auto: whole where that costs little', () => check('auto', [1440, 900], 1, 6));
  test('auto: else as large as fits', () => check('auto', [1000, 280], 1, 280 / 144));
});

describe('pointing', () => {
  /** Where a point of the room is on the picture, in its pixels. */
  const pixel = (mode: Scale, room: { width: number; height: number }, x: number, y: number) => {
    const place = placeOf(room, PICTURE, 1, mode);
    return [Math.floor((toWire(x, place.left, place.width) * PICTURE.width) / 65536), Math.floor((toWire(y, place.top, place.height) * PICTURE.height) / 65536)];
  };
  const WIDE = { width: 1440, height: 900 };
  const TALL = { width: 390, height: 844 };

  test('the middle is the middle in every mode', () => {
    for (const mode of ['auto', 'fit', 'fill', 'integer'] as const) for (const room of [WIDE, TALL]) expect(pixel(mode, room, room.width / 2 + 0.6, room.height / 2 + 0.6)).toEqual([80, 72]);
  });
  test('with bars, the corner of the room is the corner of the picture', () => {
    expect(pixel('fit', WIDE, 0, 0)).toEqual([0, 0]);
    expect(pixel('fit', WIDE, 1439, 899)).toEqual([159, 143]);
  });
  test('with bars, the picture begins where they end', () => {
    const { left, width } = placeOf(WIDE, PICTURE, 1, 'fit');
    expect([left, width]).toEqual([220, 1000]);
    expect(pixel('fit', WIDE, 220 + 6.25 * 3 + 1, 450)[0]).toBe(3);
  });
  test('cut off, the corner of the room is inside the picture', () => {
    const place = placeOf(WIDE, PICTURE, 1, 'fill');
    expect(place).toEqual({ left: 0, top: -198, width: 1440, height: 1296 });
    expect(pixel('fill', WIDE, 1, 1)).toEqual([0, 22]);
    expect(pixel('fill', TALL, 1, 1)).toEqual([46, 0]);
  });
  test('whole pixels are hit one by one', () => {
    const { left, top } = placeOf(WIDE, PICTURE, 1, 'integer');
    for (const x of [0, 1, 79, 158, 159]) expect(pixel('integer', WIDE, left + x * 6 + 3, top + 3)).toEqual([x, 0]);
  });
});
