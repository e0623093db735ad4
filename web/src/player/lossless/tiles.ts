// Tiles of a video's picture that stand still, exactly: docs/reference/wire.md, "What stands still".

/** Tiles have numbers from here on; exact pictures have those below. */
const FIRST_NUMBER = 0x80000000;
const MAGIC = 0xd4;

/** Which tiles pictures show exactly, by their RTP timestamps: all from the last one that something changed with up to the newest. */
export interface Shows {
  /** Counts what is said: of two words about the same the later one counts, whichever comes first. */
  word: number;
  since: number;
  rtp: number;
  /** Bit i: tile i, row by row from the top left. */
  bits: Uint8Array;
}

/** Whether a lossless datagram is part of a tile. */
export function isTile(bytes: Uint8Array): boolean {
  return bytes.length > 6 && bytes[0] === 0xd1 && (bytes[5]! & (FIRST_NUMBER >>> 24)) !== 0;
}

export function readShows(bytes: Uint8Array): Shows | null {
  if (bytes.length < 14 || bytes[0] !== MAGIC) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { word: view.getUint32(1, true), rtp: view.getUint32(5, true), since: view.getUint32(9, true), bits: bytes.slice(13) };
}
