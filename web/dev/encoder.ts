// A small encoder of lossless datagrams, for the decoder's tests and for the made-up server. Plain rather than quick.

export interface Source {
  format: 0 | 1 | 2;
  width: number;
  height: number;
  /** 768 bytes for an indexed picture, else none. */
  palette: Uint8Array;
  pixels: Uint8Array;
}

export interface Options {
  picture: number;
  tick: number;
  /** Picture number of `base`, which is left out for none. */
  baseNumber?: number;
  base?: Source;
  move?: [number, number];
  /** Chooses among the operations that would do; the longest by default. */
  choose?: (candidates: Candidate[]) => Candidate;
}

export interface Candidate {
  op: number;
  n: number;
}

const LIMIT = 1060;
const HEADER = 24;
const longest = (candidates: Candidate[]) => candidates.reduce((a, b) => (worth(b) > worth(a) ? b : a));
/** A literal costs what it covers; everything else covers for next to nothing. */
const worth = ({ op, n }: Candidate) => (op === 2 ? 0.5 : n - (op === 1 ? 1.5 : 0));

/** All datagrams of a picture. */
export function encode(source: Source, options: Options): Uint8Array[] {
  const rows = source.height + (source.format === 0 ? 1 : 0);
  const parts: { first: number; rows: number; body: number[] }[] = [];
  for (let first = 0; first < rows; ) {
    let count = rows - first;
    let attempt = rowsBody(source, options, first, count);
    while (attempt.body.length > LIMIT - HEADER && count > 1) {
      count = Math.max(1, Math.min(attempt.whole, count - 1));
      attempt = rowsBody(source, options, first, count);
    }
    parts.push({ first, rows: count, body: attempt.body });
    first += count;
  }
  return parts.map((part, index) => datagram(source, options, part, index, parts.length));
}

function datagram(source: Source, options: Options, part: { first: number; rows: number; body: number[] }, index: number, count: number): Uint8Array {
  const bytes = new Uint8Array(HEADER + part.body.length);
  const view = new DataView(bytes.buffer);
  const distance = options.base ? (options.picture - options.baseNumber!) >>> 0 : 0;
  bytes.set([0xd1, source.format]);
  view.setUint32(2, options.picture, true);
  view.setUint32(6, options.tick, true);
  bytes.set([distance, index, count, bitsFor(source)], 10);
  view.setUint16(14, source.width, true);
  view.setUint16(16, source.height, true);
  view.setUint16(18, part.first, true);
  view.setUint16(20, part.rows, true);
  view.setInt8(22, options.move?.[0] ?? 0);
  view.setInt8(23, options.move?.[1] ?? 0);
  bytes.set(part.body, HEADER);
  return bytes;
}

function bitsFor(source: Source): number {
  const top = source.format === 0 ? source.pixels.reduce((a, b) => Math.max(a, b), 0) : 255;
  return top < 2 ? 1 : top < 4 ? 2 : top < 16 ? 4 : 8;
}

/** The operations for some rows, given up when they do not fit; `whole` rows did. */
function rowsBody(source: Source, options: Options, first: number, rows: number): { body: number[]; whole: number } {
  const out: number[] = [];
  const shift = source.format === 0 ? 1 : 0;
  if (shift && first === 0) paletteRow(out, source, options.base);
  const start = Math.max(0, first - shift) * source.width;
  const end = (first + rows - shift) * source.width;
  const units = new Units(source, options, start, end);
  let at = start;
  while (at < end && out.length <= LIMIT - HEADER) {
    const { op, n } = (options.choose ?? longest)(units.candidates(at));
    head(out, op, n);
    units.payload(out, op, at, n);
    at += n;
  }
  return { body: out, whole: Math.floor(at / source.width) + shift - first };
}

function paletteRow(out: number[], source: Source, base?: Source): void {
  if (base && base.palette.every((byte, i) => byte === source.palette[i])) return head(out, 0, 256);
  head(out, 2, 256);
  out.push(...source.palette);
}

function head(out: number[], op: number, n: number): void {
  if (n < 32) return void out.push((op << 5) | (n - 1));
  out.push((op << 5) | 31);
  let more = n - 32;
  for (; more >= 128; more >>= 7) out.push((more & 127) | 128);
  out.push(more);
}

class Units {
  private readonly unit: number;
  private readonly bits: number;
  /** Where operations are not chosen by length, looking far ahead each time would take for ever. */
  private readonly furthest: number;

  constructor(
    private readonly source: Source,
    private readonly options: Options,
    private readonly start: number,
    private readonly end: number,
  ) {
    this.unit = source.format + 1;
    this.bits = bitsFor(source);
    this.furthest = options.choose ? 100 : Infinity;
  }

  candidates(at: number): Candidate[] {
    const { width } = this.source;
    const base = this.options.base;
    const count = (holds: (i: number) => boolean) => {
      let n = 0;
      while (n < this.furthest && at + n < this.end && holds(at + n)) n += 1;
      return n;
    };
    const all = [
      { op: 0, n: count((i) => this.same(i, base?.pixels, i)) },
      { op: 1, n: count((i) => this.same(i, this.source.pixels, at)) },
      { op: 2, n: Math.min(this.end - at, 8) },
      { op: 3, n: at - width >= this.start ? count((i) => this.same(i, this.source.pixels, i - width)) : 0 },
      { op: 4, n: base && this.options.move ? count((i) => this.movedSame(i)) : 0 },
    ];
    return all.filter(({ n }) => n > 0);
  }

  payload(out: number[], op: number, at: number, n: number): void {
    const { pixels } = this.source;
    if (op === 1) out.push(...pixels.subarray(at * this.unit, (at + 1) * this.unit));
    if (op !== 2) return;
    const bits = this.bits;
    if (this.unit > 1 || bits === 8) return void out.push(...pixels.subarray(at * this.unit, (at + n) * this.unit));
    const packed = new Uint8Array(Math.ceil((n * bits) / 8));
    for (let i = 0; i < n; i++) packed[(i * bits) >> 3]! |= pixels[at + i]! << ((i * bits) & 7);
    out.push(...packed);
  }

  /** Whether unit `i` of the picture equals unit `j` of `other`; without `other`, zero. */
  private same(i: number, other: Uint8Array | undefined, j: number): boolean {
    for (let b = 0; b < this.unit; b++) {
      if (this.source.pixels[i * this.unit + b] !== (other ? other[j * this.unit + b] : 0)) return false;
    }
    return true;
  }

  private movedSame(i: number): boolean {
    const { width, height } = this.source;
    const [dx, dy] = this.options.move!;
    const [x, y] = [(i % width) + dx, Math.floor(i / width) + dy];
    if (x < 0 || x >= width || y < 0 || y >= height) return this.same(i, undefined, 0);
    return this.same(i, this.options.base!.pixels, y * width + x);
  }
}
