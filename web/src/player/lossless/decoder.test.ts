import { describe, expect, test } from 'vitest';
import { encode, type Candidate, type Source } from '../../../dev/encoder';
import { Decoder } from './decoder';
import { toRgba } from './paint';
import { addDatagram, factor } from './parity';

/** A small repeatable source of chance (mulberry32). */
function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function blank(format: 0 | 1 | 2, width: number, height: number): Source {
  const palette = new Uint8Array(format === 0 ? 768 : 0);
  return { format, width, height, palette, pixels: new Uint8Array(width * height * (format + 1)) };
}

/** The next picture of a scene: moved a little, with rectangles drawn over it. */
function next(before: Source, chance: (below: number) => number, colours: number): Source {
  const picture = { ...before, palette: before.palette.slice(), pixels: before.pixels.slice() };
  if (picture.format === 0 && chance(4) === 0) picture.palette[chance(768)] = chance(256);
  const unit = picture.format + 1;
  for (let n = chance(4); n > 0; n--) {
    const [x0, y0] = [chance(picture.width), chance(picture.height)];
    const [w, h] = [1 + chance(picture.width - x0), 1 + chance(picture.height - y0)];
    const noisy = chance(3) === 0;
    const colour = Array.from({ length: unit }, () => chance(colours));
    for (let y = y0; y < y0 + h; y++) {
      for (let x = x0; x < x0 + w; x++) {
        for (let b = 0; b < unit; b++) picture.pixels[(y * picture.width + x) * unit + b] = noisy ? chance(colours) : colour[b]!;
      }
    }
  }
  return picture;
}

function check(decoder: Decoder, datagrams: Uint8Array[], expected: Source): void {
  const results = datagrams.map((bytes) => decoder.handle(bytes));
  const shown = results.find((result) => result?.complete);
  expect(shown, 'the picture is complete').toBeTruthy();
  expect(firstDifference(shown!.picture!.pixels, expected.pixels)).toBe(-1);
  expect(firstDifference(shown!.picture!.palette, expected.palette)).toBe(-1);
}

/** Where two runs of bytes differ, or -1. (Comparing long arrays with `toEqual` takes seconds.) */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  return a.length === b.length ? a.findIndex((byte, i) => byte !== b[i]) : Math.min(a.length, b.length);
}

describe('what was encoded is decoded', () => {
  const cases = [
    { format: 0, width: 160, height: 160, colours: 4 },
    { format: 0, width: 33, height: 7, colours: 2 },
    { format: 0, width: 64, height: 48, colours: 256 },
    { format: 1, width: 40, height: 30, colours: 256 },
    { format: 2, width: 31, height: 17, colours: 256 },
    { format: 2, width: 1, height: 1, colours: 256 },
  ] as const;
  for (const { format, width, height, colours } of cases) {
    test(`format ${format}, ${width}x${height}, ${colours} colours, any choice of operations`, () => {
      const chance = random(width * 31 + format);
      const decoder = new Decoder();
      const choose = (candidates: Candidate[]) => {
        const picked = candidates[chance(candidates.length)]!;
        return { op: picked.op, n: 1 + chance(picked.n) };
      };
      let base: Source | undefined;
      let scene = blank(format, width, height);
      for (let picture = 1; picture <= 40; picture++) {
        scene = next(scene, chance, colours);
        const move: [number, number] = [chance(7) - 3, chance(7) - 3];
        const options = { picture, tick: picture * 2, choose: chance(2) ? choose : undefined, move };
        const datagrams = encode(scene, base ? { ...options, base, baseNumber: picture - 1 } : options);
        for (let i = datagrams.length - 1; i > 0; i--) {
          const j = chance(i + 1);
          [datagrams[i], datagrams[j]] = [datagrams[j]!, datagrams[i]!];
        }
        check(decoder, datagrams, scene);
        base = scene;
      }
    });
  }
});

describe('loss', () => {
  const chance = random(5);
  const one = next(blank(2, 40, 40), chance, 256);
  const two = next(one, chance, 256);

  test('a lost datagram is not acknowledged, and its picture not shown', () => {
    const decoder = new Decoder();
    const noise = { ...one, pixels: one.pixels.map(() => chance(256)) };
    const datagrams = encode(noise, { picture: 1, tick: 1 });
    expect(datagrams.length).toBeGreaterThan(3);
    const shown = datagrams.map((bytes, i) => (i === 1 ? null : decoder.handle(bytes))).some((result) => result?.complete);
    expect(shown).toBe(false);
    expect(decoder.acks(16)).toEqual([{ picture: 1, bits: expect.anything() }]);
    expect(decoder.acks(16)[0]!.bits[0]! & 0b1111).toBe(0b1101);
    expect(decoder.handle(datagrams[1]!)?.complete).toBe(true);
  });

  test('a delta whose base never came is dropped', () => {
    const decoder = new Decoder();
    const delta = encode(two, { picture: 2, tick: 2, base: one, baseNumber: 1 });
    expect(delta.map((bytes) => decoder.handle(bytes)).every((result) => result === null)).toBe(true);
    expect(decoder.acks(16)).toEqual([]);
  });

  test('a picture older than the one shown is taken as a base but not shown', () => {
    const decoder = new Decoder();
    check(decoder, encode(two, { picture: 2, tick: 2 }), two);
    const late = encode(one, { picture: 1, tick: 1 }).map((bytes) => decoder.handle(bytes));
    expect(late.every((result) => result !== null && !result.complete)).toBe(true);
    check(decoder, encode(two, { picture: 3, tick: 3, base: one, baseNumber: 1 }), two);
  });

  test('doubles are dropped', () => {
    const decoder = new Decoder();
    const [bytes] = encode(blank(2, 8, 8), { picture: 1, tick: 1 });
    expect(decoder.handle(bytes!)?.complete).toBe(true);
    expect(decoder.handle(bytes!)).toBeNull();
  });

  test('a base older than 32 pictures is gone; numbers may wrap', () => {
    const decoder = new Decoder();
    const number = (i: number) => (0xfffffff0 + i) >>> 0;
    for (let i = 0; i < 40; i++) check(decoder, encode(one, { picture: number(i), tick: i }), one);
    const against = (i: number) => encode(two, { picture: number(40), tick: 40, base: one, baseNumber: number(i) })[0]!;
    expect(decoder.handle(against(8))).toBeNull();
    expect(decoder.handle(against(9))).not.toBeNull();
    expect(decoder.acks(16).map((ack) => ack.picture)).toEqual(Array.from({ length: 16 }, (_, i) => number(40 - i)));
  });
});

/** Parity `number` of a picture, as the node makes it. */
function parity(picture: number, number: number, datagrams: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(9 + Math.max(...datagrams.map((datagram) => datagram.length)));
  bytes.set([0xd2, picture, 0, 0, 0, datagrams.length, datagrams.length + number]);
  datagrams.forEach((datagram, index) => addDatagram(bytes.subarray(7), factor(number, index), datagram));
  return bytes;
}

describe('parity', () => {
  const chance = random(9);
  const noise = { ...blank(2, 40, 40), pixels: Uint8Array.from({ length: 4800 }, () => chance(256)) };

  test('its factors are those of the node', () => {
    for (let n = 0; n < 64; n++) expect([factor(0, n), factor(n, 0)]).toEqual([1, 1]);
    expect([factor(1, 1), factor(2, 3), factor(63, 62)]).toEqual([124, 106, 186]);
  });

  test('any as many as the datagrams bring back the picture', () => {
    for (let round = 0; round < 100; round++) {
      const decoder = new Decoder();
      const datagrams = encode(noise, { picture: 1, tick: 1 });
      const all = [...datagrams, ...Array.from({ length: 6 }, (_, number) => parity(1, number, datagrams))];
      for (let i = all.length - 1; i > 0; i--) {
        const j = chance(i + 1);
        [all[i], all[j]] = [all[j]!, all[i]!];
      }
      const results = all.map((bytes) => decoder.handle(bytes)?.complete);
      expect(results.indexOf(true)).toBe(datagrams.length - 1);
      expect(results.lastIndexOf(true)).toBe(datagrams.length - 1);
      // All that comes is acknowledged, so that the node knows what is lost.
      expect(results).not.toContain(undefined);
      const bits = decoder.acks(16)[0]!.bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
      expect(bits).toBe(all.length);
    }
  });

  test('what contradicts is dropped, and the picture comes all the same', () => {
    for (let round = 0; round < 500; round++) {
      const decoder = new Decoder();
      const datagrams = encode(noise, { picture: 1, tick: 1 });
      datagrams.slice(1).forEach((bytes) => expect(decoder.handle(bytes)?.complete).toBe(false));
      let bad = parity(1, 1, datagrams);
      if (round % 2) bad = bad.slice(0, chance(bad.length));
      else bad[7 + chance(15)]! ^= 1 + chance(255);
      expect(decoder.handle(bad)).toBeNull();
      expect(decoder.handle(datagrams[0]!)?.complete).toBe(true);
    }
  });
});

describe('hostile bytes', () => {
  const chance = random(77);
  const scene = next(next(blank(0, 64, 48), chance, 16), chance, 16);

  test('flipped, cut and lengthened datagrams do no harm', () => {
    const good = encode(scene, { picture: 2, tick: 2, base: blank(0, 64, 48), baseNumber: 1, move: [1, -1] });
    const base = encode(blank(0, 64, 48), { picture: 1, tick: 1 });
    for (let round = 0; round < 4000; round++) {
      const decoder = new Decoder();
      for (const bytes of base) decoder.handle(bytes);
      let bytes = good[chance(good.length)]!.slice();
      for (let n = 1 + chance(4); n > 0; n--) bytes[chance(bytes.length)] = chance(256);
      if (chance(3) === 0) bytes = bytes.slice(0, chance(bytes.length + 1));
      const result = decoder.handle(bytes);
      if (result?.picture) expect(result.picture.pixels.length).toBe(result.picture.width * result.picture.height * (result.picture.format + 1));
    }
  });

  test('noise does no harm', () => {
    const decoder = new Decoder();
    for (let round = 0; round < 4000; round++) {
      const bytes = Uint8Array.from({ length: chance(200) }, () => chance(256));
      bytes[0] = 0xd1;
      if (bytes.length > 22) bytes.set([chance(3), 1, 0, 0, 0, 1, 0, 0, 0, chance(3), 0, 1, 8, 8, 0, 8, 0, 0, 0, 8, 0], 1);
      decoder.handle(bytes);
    }
  });

  const header = (change: Record<number, number>) => {
    const bytes = Uint8Array.of(0xd1, 2, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 8, 4, 0, 4, 0, 0, 0, 4, 0, 0, 0);
    for (const [at, value] of Object.entries(change)) bytes[Number(at)] = value;
    return bytes;
  };
  const refused: [string, Uint8Array][] = [
    ['another kind', header({ 0: 0xd0 })],
    ['an unknown format', header({ 1: 3 })],
    ['no datagrams', header({ 12: 0 })],
    ['too many datagrams', header({ 12: 65 })],
    ['an index past the count', header({ 11: 1 })],
    ['no width', header({ 14: 0 })],
    ['too much width', header({ 15: 8 })],
    ['too much height', header({ 17: 8 })],
    ['no rows', header({ 20: 0 })],
    ['rows past the end', header({ 18: 1 })],
    ['three bits a unit', header({ 1: 0, 13: 3, 20: 5 })],
    ['a base that is not there', header({ 10: 1 })],
    ['more units than there are', Uint8Array.of(...header({}), 0x1f)],
    ['a run without its unit', Uint8Array.of(...header({}), 0x20, 1, 2)],
    ['a literal cut short', Uint8Array.of(...header({}), 0x41, 1, 2, 3)],
    ['above in the first row', Uint8Array.of(...header({}), 0x60)],
    ['an unknown operation', Uint8Array.of(...header({}), 0xa0)],
    ['a length without end', Uint8Array.of(...header({}), 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ['a palette operation that crosses its end', Uint8Array.of(...header({ 1: 0, 20: 5 }), 0x1f, 0xe1, 0x01)],
    ['above in the palette', Uint8Array.of(...header({ 1: 0, 20: 5 }), 0x60)],
  ];
  test.each(refused)('%s is refused', (_, bytes) => expect(new Decoder().handle(bytes)).toBeNull());

  test('the header they were bent from is not', () => expect(new Decoder().handle(header({}))?.complete).toBe(true));
});

test('every format becomes the same opaque colour', () => {
  const rgba = (source: Partial<Source>) => {
    const out = new Uint32Array(1);
    const whole = { ...blank(2, 1, 1), ...source };
    for (const bytes of encode(whole, { picture: 1, tick: 1 })) {
      const result = new Decoder().handle(bytes);
      toRgba(result!.picture!, out);
    }
    return [...new Uint8Array(out.buffer)];
  };
  const palette = new Uint8Array(768);
  palette.set([255, 0, 255], 9);
  expect(rgba({ pixels: Uint8Array.of(255, 0, 255) })).toEqual([255, 0, 255, 255]);
  expect(rgba({ format: 1, pixels: Uint8Array.of(0x1f, 0xf8) })).toEqual([255, 0, 255, 255]);
  expect(rgba({ format: 0, palette, pixels: Uint8Array.of(3) })).toEqual([255, 0, 255, 255]);
});
