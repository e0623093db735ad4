// Lossless pictures from datagrams that may be lost, late or doubled.
//
// Each datagram is decoded when it comes, against the base picture it names, straight into the picture it belongs to. What does not
// parse, or names rows we do not have, is dropped and not acknowledged: the node then sends it in another way.

import { Format, HEADER, PALETTE_UNITS, readHeader, totalRows, unitBytes, type Header } from './datagram';
import { runOperations } from './operations';

/** Pictures a viewer keeps. */
export const KEPT = 32;

/** A picture, whole or in parts. */
export interface Picture {
  number: number;
  tick: number;
  format: Format;
  width: number;
  height: number;
  count: number;
  /** 256 x RGB, for an indexed picture. */
  palette: Uint8Array;
  /** Units of the pixel rows, without padding. */
  pixels: Uint8Array;
  /** 1 for each row that is there. */
  have: Uint8Array;
  missing: number;
  /** Bit i: datagram i came. */
  came: Uint8Array;
}

export interface Decoded {
  picture: Picture;
  /** All its rows are there now, and none newer was shown. */
  complete: boolean;
}

export class Decoder {
  private pictures: Picture[] = [];
  private newest = 0;
  private shown: number | null = null;
  private spare: Uint8Array[] = [];
  /** Datagrams that were dropped. */
  dropped = 0;

  /** Takes a datagram; null if it was of no use. */
  handle(bytes: Uint8Array): Decoded | null {
    const header = readHeader(bytes);
    const decoded = header && this.decode(header, bytes.subarray(HEADER));
    if (!decoded) this.dropped += 1;
    return decoded;
  }

  /** Acknowledgements for the newest pictures anything came of, newest first. */
  acks(most: number): { picture: number; bits: Uint8Array }[] {
    const newest = this.pictures.filter((p) => p.came.some((byte) => byte !== 0)).slice(-most);
    return newest.reverse().map((picture) => ({ picture: picture.number, bits: picture.came.slice(0, Math.ceil(picture.count / 8)) }));
  }

  private decode(header: Header, operations: Uint8Array): Decoded | null {
    const target = this.target(header);
    if (!target || !isFree(target, header)) return null;
    const base = this.base(header);
    if (base === undefined) return null;
    if (!runOperations(operations, header, target, base)) return null;
    take(target, header);
    const complete = target.missing === 0 && (this.shown === null || isBefore(this.shown, target.number));
    if (complete) this.shown = target.number;
    return { picture: target, complete };
  }

  /** The picture a datagram belongs to, begun if need be. */
  private target(header: Header): Picture | null {
    const known = this.find(header.picture);
    if (known) return matches(known, header) && known.count === header.count && known.tick === header.tick ? known : null;
    const age = (this.newest - header.picture) | 0;
    if (this.pictures.length > 0 && age >= KEPT) return null;
    return this.begin(header);
  }

  private begin(header: Header): Picture {
    const units = header.width * header.height;
    const picture: Picture = {
      number: header.picture,
      tick: header.tick,
      format: header.format,
      width: header.width,
      height: header.height,
      count: header.count,
      palette: new Uint8Array(header.format === Format.Indexed ? PALETTE_UNITS * 3 : 0),
      pixels: this.buffer(units * unitBytes(header.format)),
      have: new Uint8Array(totalRows(header.format, header.height)),
      missing: totalRows(header.format, header.height),
      came: new Uint8Array(8),
    };
    if (this.pictures.length === 0 || isBefore(this.newest, picture.number)) this.newest = picture.number;
    this.pictures.push(picture);
    this.pictures.sort((a, b) => (a.number - b.number) | 0);
    this.forget();
    return picture;
  }

  private forget(): void {
    this.pictures = this.pictures.filter((picture) => {
      const keep = ((this.newest - picture.number) | 0) < KEPT;
      if (!keep && this.spare.length < 4) this.spare.push(picture.pixels);
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
    const base = this.find((header.picture - header.distance) >>> 0);
    if (!base || !matches(base, header)) return undefined;
    for (let row = header.firstRow; row < header.firstRow + header.rows; row++) if (!base.have[row]) return undefined;
    return base;
  }

  private find(number: number): Picture | undefined {
    return this.pictures.find((picture) => picture.number === number);
  }
}

function matches(picture: Picture, header: Header): boolean {
  return picture.format === header.format && picture.width === header.width && picture.height === header.height;
}

/** Whether neither this datagram nor any of its rows came before. */
function isFree(picture: Picture, header: Header): boolean {
  if (picture.came[header.index >> 3]! & (1 << (header.index & 7))) return false;
  return !picture.have.subarray(header.firstRow, header.firstRow + header.rows).includes(1);
}

function take(picture: Picture, header: Header): void {
  picture.came[header.index >> 3]! |= 1 << (header.index & 7);
  picture.have.fill(1, header.firstRow, header.firstRow + header.rows);
  picture.missing -= header.rows;
}

/** Whether picture number `a` comes before `b`; numbers wrap. */
function isBefore(a: number, b: number): boolean {
  return ((b - a) | 0) > 0;
}
