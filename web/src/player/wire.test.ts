// Bytes written by hand from docs/reference/wire.md.

import { describe, expect, test } from 'vitest';
import { InputWriter, readClock, type InputMessage } from './wire';

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
const EMPTY: InputMessage = { seq: 1, sentUs: 0, clock: null };
const HEADER = '01 00  01 00 00 00  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  ff ff ff ff';

function check(message: Partial<InputMessage>, expected: string): void {
  const bytes = new InputWriter().write({ ...EMPTY, ...message });
  expect(hex(bytes)).toBe(expected.replace(/\s+/g, ' ').trim());
}

describe('an input message', () => {
  test('is a header alone when nothing is in use', () => check({}, HEADER));

  test('carries sequence, time and the clock estimate', () =>
    check(
      { seq: 0x01020304, sentUs: 0x0102030405, clock: { offsetUs: -2, errorUs: 300 } },
      '01 00  04 03 02 01  05 04 03 02 01 00 00 00  fe ff ff ff ff ff ff ff  2c 01 00 00',
    ));

  test('carries a pad', () => {
    const presses = Uint8Array.from({ length: 16 }, (_, i) => i);
    check(
      { pad: { buttons: 0x8001, lx: -32767, ly: 32767, rx: 1, ry: -1, l2: 255, r2: 7, presses } },
      `${HEADER}  01 1d 00  00  01 80  01 80  ff 7f  01 00  ff ff  ff 07  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f`,
    );
  });

  test('carries the pads of further players, each with its place among our seats', () => {
    const pad = { buttons: 2, lx: 0, ly: 0, rx: 0, ry: 0, l2: 0, r2: 0, presses: new Uint8Array(16) };
    const rest = '00 00 00 00 00 00 00 00 00 00 '.concat('00 '.repeat(16));
    check({ morePads: [pad, { ...pad, buttons: 4 }] }, `${HEADER}  07 3a 00  01  02 00 ${rest}  02  04 00 ${rest}`);
  });

  test('carries keys, held and let go', () =>
    check(
      {
        keys: [
          { usage: 0x04, held: true, presses: 3 },
          { usage: 0xe1, held: false, presses: 127 },
        ],
      },
      `${HEADER}  02 04 00  04 07  e1 fe`,
    ));

  test('carries a pointer with running totals', () =>
    check(
      {
        pointer: {
          locked: true,
          x: 65535,
          y: 256,
          totalDx: -16,
          totalDy: 2 ** 31,
          totalWheelX: 0,
          totalWheelY: 120,
          buttons: 5,
          presses: Uint8Array.of(1, 2, 3, 4, 255),
        },
      },
      `${HEADER}  03 1b 00  01  ff ff  00 01  f0 ff ff ff  00 00 00 80  00 00 00 00  78 00 00 00  05  01 02 03 04 ff`,
    ));

  test('carries fingers', () =>
    check(
      {
        touches: [
          { id: 9, down: true, x: 1, y: 2 },
          { id: 8, down: false, x: 0x1234, y: 0 },
        ],
      },
      `${HEADER}  04 0c 00  09 01 01 00 02 00  08 00 34 12 00 00`,
    ));

  test('says that there are no fingers, and no keys', () => check({ keys: [], touches: [] }, `${HEADER}  02 00 00  04 00 00`));

  test('carries acknowledgements', () =>
    check(
      {
        acks: [
          { picture: 7, bits: Uint8Array.of(0b101) },
          { picture: 6, bits: Uint8Array.of(0xff, 1) },
        ],
      },
      `${HEADER}  05 0d 00  07 00 00 00 01 05  06 00 00 00 02 ff 01`,
    ));

  test('carries frame reports', () =>
    check(
      { frames: [{ rtp: true, id: 0xffffffff, arrivalUs: 1000, decodeUs: 2, presentUs: -5 }] },
      `${HEADER}  06 15 00  01  ff ff ff ff  e8 03 00 00 00 00 00 00  02 00 00 00  00 00 00 00`,
    ));

  test('leaves out what is past the limits', () => {
    const acks = Array.from({ length: 20 }, (_, i) => ({ picture: i, bits: Uint8Array.of(1) }));
    const bytes = new InputWriter().write({ ...EMPTY, acks });
    expect(bytes.length).toBe(26 + 3 + 16 * 6);
  });

  test('at its largest fits the buffer', () => {
    const bytes = new InputWriter().write({
      ...EMPTY,
      keys: Array.from({ length: 300 }, (_, usage) => ({ usage, held: true, presses: 1 })),
      morePads: Array.from({ length: 9 }, () => ({ buttons: 0, lx: 0, ly: 0, rx: 0, ry: 0, l2: 0, r2: 0, presses: new Uint8Array(16) })),
      touches: Array.from({ length: 30 }, (_, id) => ({ id, down: true, x: 0, y: 0 })),
      acks: Array.from({ length: 20 }, (_, picture) => ({ picture, bits: new Uint8Array(8) })),
      frames: Array.from({ length: 80 }, (_, id) => ({ rtp: false, id, arrivalUs: 0, decodeUs: 0, presentUs: 0 })),
    });
    expect(bytes.length).toBe(26 + (3 + 512) + (3 + 120) + (3 + 16 * 13) + (3 + 64 * 21) + (3 + 3 * 29));
  });
});

describe('a clock message', () => {
  const bytes = Uint8Array.of(2, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0);

  test('reads', () => {
    expect(readClock(bytes.buffer)).toEqual({ seq: 5, viewerSentUs: 1, nodeReceivedUs: 258, nodeSentUs: 2 ** 32 + 3 });
  });

  test('of another kind or cut short is none', () => {
    expect(readClock(Uint8Array.of(3, ...bytes.subarray(1)).buffer)).toBeNull();
    expect(readClock(bytes.slice(0, 29).buffer)).toBeNull();
    expect(readClock(new ArrayBuffer(0))).toBeNull();
  });
});
