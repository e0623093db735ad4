// The operations of a lossless datagram (docs/reference/wire.md), run into the rows of a picture.
//
// Everything is checked as it goes, because the bytes come from a network: false means "drop this datagram". What was written by then
// does no harm, since the rows do not count as there.

import { Format, PALETTE_UNITS, unitBytes, type Header } from './datagram';
import type { Picture } from './decoder';

const enum Op {
  Same = 0,
  Run = 1,
  Literal = 2,
  Above = 3,
  Moved = 4,
}

/** Runs all operations of a datagram; false if they are not as the document says. */
export function runOperations(bytes: Uint8Array, header: Header, target: Picture, base: Picture | null): boolean {
  const input = new Input(bytes);
  const indexed = header.format === Format.Indexed;
  const withPalette = indexed && header.firstRow === 0;
  if (withPalette && !palette(input, target, base)) return false;
  const shift = indexed ? 1 : 0;
  const first = Math.max(0, header.firstRow - shift);
  const last = header.firstRow + header.rows - shift;
  return new Rows(input, header, target, base, first, last).run();
}

/** The bytes of the operations. */
class Input {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get ended(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    return this.bytes[this.at++]!;
  }

  /** How many units an operation whose first byte is `head` is about; 0 if the number does not end or is absurd. */
  length(head: number): number {
    const low = head & 31;
    if (low < 31) return low + 1;
    let more = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.ended) return 0;
      const byte = this.byte();
      more += (byte & 127) * 2 ** shift;
      if (byte < 128) return 32 + more;
    }
    return 0;
  }

  /** The next `n` bytes; null if there are not as many. */
  take(n: number): Uint8Array | null {
    if (this.at + n > this.bytes.length) return null;
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }
}

/** Fills the palette row. It must be filled by whole operations; if the datagram ends, the rest is as in the base. */
function palette(input: Input, target: Picture, base: Picture | null): boolean {
  const out = target.palette;
  if (base) out.set(base.palette);
  else out.fill(0);
  let at = 0;
  while (at < PALETTE_UNITS && !input.ended) {
    const head = input.byte();
    const n = input.length(head);
    if (n === 0 || at + n > PALETTE_UNITS) return false;
    if (!colours(head >> 5, n, at, input, out)) return false;
    at += n;
  }
  return true;
}

function colours(op: number, n: number, at: number, input: Input, out: Uint8Array): boolean {
  if (op === Op.Same) return true;
  if (op !== Op.Run && op !== Op.Literal) return false;
  const units = input.take(op === Op.Run ? 3 : n * 3);
  if (!units) return false;
  if (op === Op.Literal) out.set(units, at * 3);
  else for (let i = 0; i < n; i++) out.set(units, (at + i) * 3);
  return true;
}

/** The pixel rows `first` to `last` (not included) of one datagram. */
class Rows {
  private readonly unit: number;
  private readonly width: number;
  private readonly start: number;
  private readonly end: number;
  private readonly out: Uint8Array;

  constructor(
    private readonly input: Input,
    private readonly header: Header,
    private readonly target: Picture,
    private readonly base: Picture | null,
    first: number,
    last: number,
  ) {
    this.unit = unitBytes(header.format);
    this.width = header.width;
    this.start = first * this.width;
    this.end = last * this.width;
    this.out = target.pixels;
  }

  run(): boolean {
    this.fillFromBase();
    let at = this.start;
    while (!this.input.ended) {
      const head = this.input.byte();
      const n = this.input.length(head);
      if (n === 0 || at + n > this.end) return false;
      if (!this.one(head >> 5, at, n)) return false;
      at += n;
    }
    return true;
  }

  /** Units no operation reaches, and `SAME`, are as in the base: so begin with that. */
  private fillFromBase(): void {
    const [from, to] = [this.start * this.unit, this.end * this.unit];
    if (this.base) this.out.set(this.base.pixels.subarray(from, to), from);
    else this.out.fill(0, from, to);
  }

  private one(op: number, at: number, n: number): boolean {
    switch (op) {
      case Op.Same:
        return true;
      case Op.Run:
        return this.repeat(at, n);
      case Op.Literal:
        return this.literal(at, n);
      case Op.Above:
        return this.above(at, n);
      case Op.Moved:
        return this.moved(at, n);
      default:
        return false;
    }
  }

  private repeat(at: number, n: number): boolean {
    const unit = this.input.take(this.unit);
    if (!unit) return false;
    if (this.unit === 1) this.out.fill(unit[0]!, at, at + n);
    else for (let i = at; i < at + n; i++) this.out.set(unit, i * this.unit);
    return true;
  }

  private literal(at: number, n: number): boolean {
    if (this.header.format !== Format.Indexed || this.header.bits === 8) {
      const units = this.input.take(n * this.unit);
      if (units) this.out.set(units, at * this.unit);
      return units !== null;
    }
    const bits = this.header.bits;
    const packed = this.input.take(Math.ceil((n * bits) / 8));
    if (!packed) return false;
    const mask = (1 << bits) - 1;
    for (let i = 0; i < n; i++) this.out[at + i] = (packed[(i * bits) >> 3]! >> ((i * bits) & 7)) & mask;
    return true;
  }

  private above(at: number, n: number): boolean {
    if (at - this.width < this.start) return false;
    // At most a row at a time: a long run reads what it wrote itself a row earlier.
    for (let i = at; i < at + n; i += this.width) {
      const to = Math.min(at + n, i + this.width);
      this.out.copyWithin(i * this.unit, (i - this.width) * this.unit, (to - this.width) * this.unit);
    }
    return true;
  }

  private moved(at: number, n: number): boolean {
    for (let i = at; i < at + n; ) {
      const rowEnd = (Math.floor(i / this.width) + 1) * this.width;
      const to = Math.min(at + n, rowEnd);
      if (!this.movedInRow(i, to)) return false;
      i = to;
    }
    return true;
  }

  /** Units `from` to `to` (not included) of one row, from where they were in the base. */
  private movedInRow(from: number, to: number): boolean {
    const { dx, dy } = this.header;
    const y = Math.floor(from / this.width);
    const row = y * this.width;
    this.out.fill(0, from * this.unit, to * this.unit);
    if (this.base === null || y + dy < 0 || y + dy >= this.target.height) return true;
    if (!this.hasBaseRow(y + dy)) return false;
    const left = Math.max(from - row, -dx);
    const right = Math.min(to - row, this.width - dx);
    if (left >= right) return true;
    const source = (y + dy) * this.width + dx;
    this.out.set(this.base.pixels.subarray((source + left) * this.unit, (source + right) * this.unit), (row + left) * this.unit);
    return true;
  }

  private hasBaseRow(y: number): boolean {
    return this.base!.have[y + (this.header.format === Format.Indexed ? 1 : 0)] === 1;
  }
}
