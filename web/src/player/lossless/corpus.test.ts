// What fuzzing found worth keeping of lossless datagrams (`fuzz/corpus/delta`): nothing here may throw or hang, and as long as both decoders
// take the same datagrams, they show the same. `fuzz/stories.txt` says what the one in Rust does.

import { expect, test } from 'vitest';
import { Decoder, type Picture } from './decoder';

// There are no types of Node here: all else in this folder runs in browsers.
const { readFileSync } = (await import('node:fs' as string)) as { readFileSync(path: URL): Uint8Array };
const fuzz = (path: string) => Uint8Array.from(readFileSync(new URL(`../../../../fuzz/${path}`, import.meta.url)));

/** The messages of one input: each has its length before it, two bytes, little-endian. What is cut short counts. */
function packets(input: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at + 2 <= input.length; ) {
    const length = input[at]! | (input[at + 1]! << 8);
    found.push(input.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return found;
}

/** FNV-1a, 32 bits. */
function hash({ palette, pixels }: Picture): string {
  let sum = 0x811c9dc5;
  for (const bytes of [palette, pixels]) for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return (sum >>> 0).toString(16).padStart(8, '0');
}

const stories = new TextDecoder().decode(fuzz('stories.txt')).trim().split('\n');

test.each(stories.map((line) => [line.slice(0, line.indexOf(' ')), line]))('%s', (name, line) => {
  const expected = line.split(' ').slice(1);
  const decoder = new Decoder();
  let together = true;
  const numbers = new Set<number>();
  for (const [nth, bytes] of packets(fuzz(`corpus/delta/${name}`)).entries()) {
    const decoded = decoder.handle(bytes);
    // Of two pictures half of all numbers apart neither is the newer one: each decoder may think what it likes.
    const number = bytes.length < 6 ? 0 : new DataView(bytes.buffer).getUint32(2, true);
    together &&= !numbers.has((number ^ 0x80000000) >>> 0);
    numbers.add(number);
    expect(decoder.acks(16).length).toBeLessThanOrEqual(16);
    // A double is of no use here; there it is taken again.
    const word = expected[nth]!;
    together &&= (decoded === null) === (word === 'refused' || word === 'again');
    if (together && decoded) expect(decoded.complete ? `shows:${hash(decoded.picture)}` : 'kept').toBe(word);
  }
  // Only what was made up may tell them apart: where nothing is wrong they agree to the end.
  expect(together || !name!.startsWith('seed-')).toBe(true);
});
