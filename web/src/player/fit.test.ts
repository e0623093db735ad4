import { describe, expect, test } from 'vitest';
import { placeOf, scaleFor, shapeOf, zoomOf, type Scale } from './fit';
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

/** A picture of a machine for a television, and its shape there. */
const TV = { width: 256, height: 224 };
const TV_ASPECT = 1.3;

describe('the shape of the picture', () => {
  test('is its own where none is told', () => {
    for (const aspect of [null, undefined]) expect(shapeOf(TV, aspect)).toBe(TV);
  });
  test('is the told one, as high as the picture', () => expect(shapeOf(TV, TV_ASPECT)).toEqual({ width: 224 * 1.3, height: 224 }));
  test('is its own where that is the told one within a pixel', () => {
    const even = { width: 320, height: 240 };
    for (const aspect of [4 / 3, 1.3333, 1.336]) expect(shapeOf(even, aspect)).toBe(even);
  });
  test('is its own where the told one is none', () => {
    for (const aspect of [0, -1, NaN, Infinity, 0.01, 1000]) expect(shapeOf(TV, aspect)).toBe(TV);
  });
});

describe('the place of a picture whose pixels are not square', () => {
  const check = (mode: Scale, room: [number, number], ratio: number, expected: [number, number, number, number]) => {
    const { left, top, width, height } = placeOf({ width: room[0], height: room[1] }, TV, ratio, mode, TV_ASPECT);
    expect([left, top, width, height]).toEqual(expected);
  };
  test('fit: as large as fits, in its shape', () => check('fit', [1300, 900], 1, [65, 0, 1170, 900]));
  test('fit: in a narrow room the width decides', () => check('fit', [390, 844], 1, [0, 272, 390, 300]));
  test('fill: no bars, cut off at two sides', () => check('fill', [1300, 900], 1, [0, -50, 1300, 1000]));
  test('integer: the height is whole, the width follows', () => check('integer', [1300, 900], 1, [68, 2, 1165, 896]));
  test('integer: whole on the screen, not in the page', () => check('integer', [700, 400], 2, [131.5, 32, 437, 336]));
  test('integer: a room that is too narrow for the shape has the next smaller height', () => check('integer', [1100, 900], 1, [113, 114, 874, 672]));
  test('auto: whole where that costs little', () => check('auto', [1300, 900], 1, [68, 2, 1165, 896]));
  test('a picture higher than wide keeps its shape too', () => {
    expect(placeOf({ width: 800, height: 600 }, TV, 1, 'fit', 1 / 1.3)).toEqual({ left: 169, top: 0, width: 462, height: 600 });
  });
});

describe('how large it is drawn before it is stretched', () => {
  const check = (width: number, height: number, ratio: number, across: number, down: number, picture = TV) => expect(zoomOf({ width, height }, picture, ratio)).toEqual({ across, down });
  test('the next whole size', () => check(1165, 896, 1, 5, 4));
  test('of the screen, not of the page', () => check(390, 300, 2, 4, 3));
  test('a whole size is enough as it is', () => check(1280, 896, 1, 5, 4));
  test('a smaller place needs none', () => check(100, 80, 1, 1, 1));
  test('not without end', () => {
    check(10_000, 8000, 2, 8, 8);
    check(2880, 2160, 2, 3, 3, { width: 720, height: 576 });
    check(9000, 9000, 1, 1, 1, { width: 4000, height: 4000 });
  });
});

describe('pointing', () => {
  /** Where a point of the room is on the picture, in its pixels. */
  const pixel = (mode: Scale, room: { width: number; height: number }, x: number, y: number, picture = PICTURE, aspect?: number) => {
    const place = placeOf(room, picture, 1, mode, aspect);
    return [Math.floor((toWire(x, place.left, place.width) * picture.width) / 65536), Math.floor((toWire(y, place.top, place.height) * picture.height) / 65536)];
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
  test('pixels that are not square are hit where they are seen', () => {
    const room = { width: 1300, height: 900 };
    for (const mode of ['auto', 'fit', 'fill', 'integer'] as const) {
      const { left, top, width, height } = placeOf(room, TV, 1, mode, TV_ASPECT);
      for (const [x, y] of [[0, 0], [100, 30], [128, 112], [255, 223]] as const) {
        expect(pixel(mode, room, left + ((x + 0.5) * width) / 256, top + ((y + 0.5) * height) / 224, TV, TV_ASPECT)).toEqual([x, y]);
      }
    }
  });
});
