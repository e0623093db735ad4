// Lossless pictures from datagrams that may be lost, late or doubled.
//
// Each datagram is decoded when it comes, against the base picture it names, straight into the picture it belongs to. What does not
// parse, or names rows we do not have, is dropped and not acknowledged: the node then sends it in another way.

import { Format, HEADER, PALETTE_UNITS, readHeader, totalRows, unitBytes, type Header } from './datagram';
import { runOperations } from './operations';
import { readParity, rebuild, type Parity } from './parity';

/** Pictures a viewer keeps. */
export const KEPT = 32;

/** A picture, whole or in parts. */
export interface Picture {
  number: number;
  tick: number;
  format: Format;
  width: number;
  height: number;
  /** 256 x RGB, for an indexed picture. */
  palette: Uint8Array;
  /** Units of the pixel rows, without padding. */
  pixels: Uint8Array;
  /** 1 for each row that is there. */
  have: Uint8Array;
  missing: number;
}

/** What came of a picture. */
interface Arrival {
  number: number;
  count: number;
  /** Bit i: datagram i came, parity counted on from the others. */
  came: Uint8Array;
  /** The datagrams that parity stood in for. */
  rebuilt: Set<number>;
  /** What came, until the picture is whole. */
  pieces: Map<number, Uint8Array>;
  /** Null while only parity came. */
  picture: Picture | null;
}

/** What a datagram led to. Complete: all rows of its picture are there now, and none newer was shown. */
export type Decoded = Whose & ({ complete: true; picture: Picture } | { complete: false; picture: Picture | null });

/** The picture it belongs to, of so many datagrams besides parity. */
interface Whose {
  number: number;
  count: number;
}

export class Decoder {
  private arrivals: Arrival[] = [];
  private newest = 0;
  private shown: number | null = null;
  private spare: Uint8Array[] = [];
  /** Datagrams that were dropped. */
  dropped = 0;

  /** Takes a datagram; null if it was of no use. */
  handle(bytes: Uint8Array): Decoded | null {
    const parity = readParity(bytes);
    const header = parity ? null : readHeader(bytes);
    const decoded = parity ? this.parity(parity) : header && this.datagram(header, bytes);
    if (!decoded) this.dropped += 1;
    return decoded;
  }

  /** Acknowledgements for the newest pictures anything came of, newest first. */
  acks(most: number): { picture: number; bits: Uint8Array }[] {
    const newest = this.arrivals.filter((arrival) => arrival.came.some((byte) => byte !== 0)).slice(-most);
    return newest.reverse().map(({ number, came }) => ({ picture: number, bits: came.slice(0, used(came)) }));
  }

  private datagram(header: Header, bytes: Uint8Array): Decoded | null {
    const known = this.find(header.picture);
    if (known && has(known, header.index)) return null;
    if (known?.rebuilt.has(header.index)) {
      const contradicts = known.count !== header.count || known.picture!.tick !== header.tick || !matches(known.picture!, header);
      if (!contradicts) mark(known, header.index);
      return contradicts ? null : { number: known.number, count: known.count, picture: known.picture, complete: false };
    }
    const arrival = this.decode(header, bytes);
    if (!arrival) return null;
    mark(arrival, header.index);
    if (arrival.picture!.missing > 0) arrival.pieces.set(header.index, bytes);
    return this.finish(arrival);
  }

  private parity({ picture, count, index, code }: Parity): Decoded | null {
    const arrival = this.arrival(picture, count);
    if (!arrival || has(arrival, index)) return null;
    mark(arrival, index);
    if (arrival.picture?.missing !== 0) arrival.pieces.set(index, code);
    const decoded = this.finish(arrival);
    return has(arrival, index) ? decoded : null;
  }

  /** Fills the rows of a datagram that did not come before. */
  private decode(header: Header, bytes: Uint8Array): Arrival | null {
    const base = this.base(header);
    if (base === undefined) return null;
    const arrival = this.arrival(header.picture, header.count);
    if (!arrival) return null;
    const target = (arrival.picture ??= this.begin(header));
    if (target.tick !== header.tick || !matches(target, header)) return null;
    if (target.have.subarray(header.firstRow, header.firstRow + header.rows).includes(1)) return null;
    if (!runOperations(bytes.subarray(HEADER), header, target, base)) return null;
    target.have.fill(1, header.firstRow, header.firstRow + header.rows);
    target.missing -= header.rows;
    return arrival;
  }

  /** As soon as enough of a picture came, what is missing is rebuilt. */
  private finish(arrival: Arrival): Decoded {
    const { number, count, pieces } = arrival;
    if (arrival.picture?.missing !== 0 && pieces.size >= count && !this.rebuild(arrival)) {
      // Then parity is worth nothing, and is not acknowledged.
      for (let index = count; index < 64; index++) arrival.came[index >> 3]! &= ~(1 << (index & 7));
      pieces.clear();
    }
    const { picture } = arrival;
    if (picture?.missing !== 0) return { number, count, picture, complete: false };
    pieces.clear();
    const complete = this.shown === null || isBefore(this.shown, picture.number);
    if (complete) this.shown = picture.number;
    return { number, count, picture, complete };
  }

  private rebuild(arrival: Arrival): boolean {
    const { number, count, pieces } = arrival;
    for (const [index, bytes] of rebuild(count, pieces) ?? []) {
      const header = readHeader(bytes);
      if (!header || header.picture !== number || header.count !== count || header.index !== index) return false;
      if (!this.decode(header, bytes)) return false;
      arrival.rebuilt.add(index);
    }
    return arrival.picture?.missing === 0;
  }

  /** What came of a picture, begun if need be; null if the picture is too old or of another count. */
  private arrival(number: number, count: number): Arrival | null {
    const known = this.find(number);
    if (known) return known.count === count ? known : null;
    if (this.arrivals.length > 0 && ((this.newest - number) | 0) >= KEPT) return null;
    const arrival: Arrival = { number, count, came: new Uint8Array(8), rebuilt: new Set(), pieces: new Map(), picture: null };
    if (this.arrivals.length === 0 || isBefore(this.newest, number)) this.newest = number;
    this.arrivals.push(arrival);
    this.arrivals.sort((a, b) => (a.number - b.number) | 0);
    this.forget();
    return arrival;
  }

  private begin(header: Header): Picture {
    const units = header.width * header.height;
    return {
      number: header.picture,
      tick: header.tick,
      format: header.format,
      width: header.width,
      height: header.height,
      palette: new Uint8Array(header.format === Format.Indexed ? PALETTE_UNITS * 3 : 0),
      pixels: this.buffer(units * unitBytes(header.format)),
      have: new Uint8Array(totalRows(header.format, header.height)),
      missing: totalRows(header.format, header.height),
    };
  }

  private forget(): void {
    this.arrivals = this.arrivals.filter(({ number, picture }) => {
      const keep = ((this.newest - number) | 0) < KEPT;
      if (!keep && picture && this.spare.length < 4) this.spare.push(picture.pixels);
      return keep;
    });
  }

  /** Memory for pixels; that of forgotten pictures is used again. */
  private buffer(bytes: number): Uint8Array {
    const at = this.spare.findIndex((spare) => spare.length === bytes);
    if (at < 0) this.spare = [];
    return at < 0 ? new Uint8Array(bytes) : this.spare.splice(at, 1)[0]!;
  }

  /** The base picture; null: none, all bytes zero; undefined: we do not have what is needed. */
  private base(header: Header): Picture | null | undefined {
    if (header.distance === 0) return null;
    if (header.distance >= KEPT) return undefined;
    const base = this.find((header.picture - header.distance) >>> 0)?.picture;
    if (!base || !matches(base, header)) return undefined;
    for (let row = header.firstRow; row < header.firstRow + header.rows; row++) if (!base.have[row]) return undefined;
    return base;
  }

  private find(number: number): Arrival | undefined {
    return this.arrivals.find((arrival) => arrival.number === number);
  }
}

function matches(picture: Picture, header: Header): boolean {
  return picture.format === header.format && picture.width === header.width && picture.height === header.height;
}

function has({ came }: Arrival, index: number): boolean {
  return (came[index >> 3]! & (1 << (index & 7))) !== 0;
}

/** How many bytes there are up to the last that is not zero, at least one. */
function used(came: Uint8Array): number {
  let end = came.length;
  while (end > 1 && came[end - 1] === 0) end -= 1;
  return end;
}

function mark({ came }: Arrival, index: number): void {
  came[index >> 3]! |= 1 << (index & 7);
}

/** Whether picture number `a` comes before `b`; numbers wrap. */
function isBefore(a: number, b: number): boolean {
  return ((b - a) | 0) > 0;
}
