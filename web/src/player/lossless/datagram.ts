// One lossless datagram (docs/reference/wire.md): its header, checked, and where its operations begin.

export const HEADER = 24;
export const MAX_WIDTH = 1920;
export const MAX_HEIGHT = 1080;
export const PALETTE_UNITS = 256;

export const enum Format {
  Indexed = 0,
  Rgb565 = 1,
  Rgb = 2,
}

export interface Header {
  format: Format;
  picture: number;
  tick: number;
  distance: number;
  index: number;
  count: number;
  bits: number;
  width: number;
  height: number;
  firstRow: number;
  rows: number;
  dx: number;
  dy: number;
}

/** The header, or null if these bytes are no datagram of ours. */
export function readHeader(bytes: Uint8Array): Header | null {
  if (bytes.length < HEADER || bytes[0] !== 0xd1) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header: Header = {
    format: view.getUint8(1),
    picture: view.getUint32(2, true),
    tick: view.getUint32(6, true),
    distance: view.getUint8(10),
    index: view.getUint8(11),
    count: view.getUint8(12),
    bits: view.getUint8(13),
    width: view.getUint16(14, true),
    height: view.getUint16(16, true),
    firstRow: view.getUint16(18, true),
    rows: view.getUint16(20, true),
    dx: view.getInt8(22),
    dy: view.getInt8(23),
  };
  return isSound(header) ? header : null;
}

function isSound(header: Header): boolean {
  const size = header.width >= 1 && header.width <= MAX_WIDTH && header.height >= 1 && header.height <= MAX_HEIGHT;
  const part = header.count >= 1 && header.count <= 64 && header.index < header.count;
  const rows = header.rows >= 1 && header.firstRow + header.rows <= totalRows(header.format, header.height);
  const bits = header.format !== Format.Indexed || [1, 2, 4, 8].includes(header.bits);
  return header.format <= Format.Rgb && size && part && rows && bits;
}

/** Rows of a picture, the palette's included. */
export function totalRows(format: Format, height: number): number {
  return height + (format === Format.Indexed ? 1 : 0);
}

/** Bytes of a unit of a pixel row. */
export function unitBytes(format: Format): number {
  return format + 1;
}
