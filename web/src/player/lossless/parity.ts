// Parity: datagrams of a picture any of which stands for any that was lost (docs/reference/wire.md). A Reed-Solomon code over GF(256), with
// Cauchy's matrix scaled so that its first row and column are ones; what is coded is each datagram with its length before it and zeros after it.

import { HEADER } from './datagram';

const PARITY_HEADER = 7;
const LENGTH = 2;
const MAX_DATAGRAM = 1060;

export interface Parity {
  picture: number;
  /** Datagrams of the picture. */
  count: number;
  /** Counted on from theirs. */
  index: number;
  code: Uint8Array;
}

/** A datagram of parity, or null if these bytes are none. */
export function readParity(bytes: Uint8Array): Parity | null {
  if (bytes.length < PARITY_HEADER || bytes[0] !== 0xd2) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [count, index, code] = [bytes[5]!, bytes[6]!, bytes.subarray(PARITY_HEADER)];
  const fits = code.length >= LENGTH + HEADER && code.length <= LENGTH + MAX_DATAGRAM;
  return fits && count >= 1 && index >= count && index < 64 ? { picture: view.getUint32(1, true), count, index, code } : null;
}

const power = new Uint8Array(510);
const log = new Uint8Array(256);
for (let i = 0, value = 1; i < 255; i++) {
  power[i] = power[i + 255] = value;
  log[value] = i;
  value = (value << 1) ^ (value & 0x80 ? 0x11d : 0);
}

const times = (a: number, b: number) => (a === 0 || b === 0 ? 0 : power[log[a]! + log[b]!]!);
const inverse = (a: number) => power[255 - log[a]!]!;
const cauchy = (number: number, index: number) => inverse((number | 64) ^ index);

/** By what datagram `index` counts in parity `number`, both below 64. */
export function factor(number: number, index: number): number {
  const row = times(cauchy(number, index), inverse(cauchy(0, index)));
  return times(row, times(inverse(cauchy(number, 0)), cauchy(0, 0)));
}

/** `sum[at + i] += by * bytes[i]`, as far as both reach. */
function add(sum: Uint8Array, at: number, by: number, bytes: ArrayLike<number>): void {
  if (by === 0) return;
  const shift = log[by]!;
  const end = Math.min(bytes.length, sum.length - at);
  for (let i = 0; i < end; i++) {
    const byte = bytes[i]!;
    if (byte !== 0) sum[at + i]! ^= power[shift + log[byte]!]!;
  }
}

/** Adds a datagram as it is coded. */
export function addDatagram(sum: Uint8Array, by: number, datagram: Uint8Array): void {
  add(sum, 0, by, [datagram.length & 255, datagram.length >> 8]);
  add(sum, LENGTH, by, datagram);
}

/** The missing ones of `count` datagrams, by index; null if what came (parity's code, by an index from `count` on) is too little or contradicts itself. */
export function rebuild(count: number, came: ReadonlyMap<number, Uint8Array>): Map<number, Uint8Array> | null {
  const missing = Array.from({ length: count }, (_, index) => index).filter((index) => !came.has(index));
  const there = [...came].filter(([index]) => index < count);
  const codes = [...came].filter(([index]) => index >= count).slice(0, missing.length);
  const length = codes[0]?.[1].length ?? 0;
  const fits = codes.every(([, code]) => code.length === length) && there.every(([, datagram]) => LENGTH + datagram.length <= length);
  if (codes.length < missing.length || !fits) return null;
  const sums = codes.map(([index, code]) => {
    const sum = code.slice();
    for (const [of, datagram] of there) addDatagram(sum, factor(index - count, of), datagram);
    return sum;
  });
  solve(codes.map(([index]) => Uint8Array.from(missing, (of) => factor(index - count, of))), sums);
  const datagrams = sums.map(datagramOf);
  return datagrams.includes(null) ? null : new Map(missing.map((index, i) => [index, datagrams[i]!]));
}

/** Makes the matrix the unit matrix, doing the same to the sums. No part of a Cauchy matrix is singular, so no pivot need be looked for. */
function solve(matrix: Uint8Array[], sums: Uint8Array[]): void {
  matrix.forEach((row, pivot) => {
    const scale = inverse(row[pivot]!);
    for (const bytes of [row, sums[pivot]!]) bytes.forEach((byte, i) => (bytes[i] = times(byte, scale)));
    matrix.forEach((other, i) => {
      const by = other[pivot]!;
      if (i === pivot) return;
      add(other, 0, by, row);
      add(sums[i]!, 0, by, sums[pivot]!);
    });
  });
}

function datagramOf(sum: Uint8Array): Uint8Array | null {
  const end = LENGTH + (sum[0]! | (sum[1]! << 8));
  const isDatagram = end >= LENGTH + HEADER && end <= sum.length && sum.subarray(end).every((byte) => byte === 0);
  return isDatagram ? sum.subarray(LENGTH, end) : null;
}
