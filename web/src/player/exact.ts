// What stands still of a video, pixel for pixel, on a canvas that lies on it.
//
// The node says of each picture of the video which tiles it shows exactly. While the video shows a picture that nothing was said of, as
// after a loss, nothing lies on it: so what is seen is always the picture, only less sharp for a moment.

import type { Size } from './fit';
import type { Shows } from './lossless/tiles';

const TILE = { width: 256, height: 128 };
/** Words that are kept: they come before their pictures do. */
const KEPT = 64;

export interface Tile extends Size {
  /** Of two of the same place the one with the higher number is newer. */
  number: number;
  x: number;
  y: number;
  /** RGBA. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** What the node said of pictures. */
export class Said {
  /** By the newest picture each word is of. */
  private readonly words = new Map<number, Shows>();

  add(shows: Shows): void {
    const known = this.words.get(shows.rtp);
    if (known && !isAfter(shows.word, known.word)) return;
    this.words.delete(shows.rtp);
    this.words.set(shows.rtp, shows);
    if (this.words.size > KEPT) this.words.delete(this.words.keys().next().value!);
  }

  /** The tiles that a picture shows exactly, as far as it was said last; null: nothing was said of it. */
  of(picture: number): Uint8Array | null {
    let last: Shows | null = null;
    for (const shows of this.words.values()) if (covers(shows, picture) && (!last || isAfter(shows.word, last.word))) last = shows;
    return last && last.bits;
  }

  clear(): void {
    this.words.clear();
  }
}

/** Whether it is said of that picture. */
export function covers({ since, rtp }: Shows, picture: number): boolean {
  return !isAfter(since, picture) && !isAfter(picture, rtp);
}

/** Numbers and timestamps wrap. */
function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

export class Exact {
  readonly canvas = document.createElement('canvas');
  private readonly context = this.canvas.getContext('2d')!;
  /** The newest tile of each place: what the node says of it, and how large the picture is, may come later, and come again. */
  private readonly tiles = new Map<number, Tile>();
  /** Those on the canvas. */
  private readonly drawn = new Map<number, Tile>();
  private readonly said = new Said();
  /** The picture that the video shows; null: none, or nobody knows. */
  private video: number | null = null;

  constructor() {
    this.canvas.className = 'picture exact';
    this.canvas.hidden = true;
  }

  /** The picture's size; another one is another picture. */
  resize({ width, height }: Size): void {
    if (this.canvas.width === width && this.canvas.height === height) return;
    Object.assign(this.canvas, { width, height });
    this.drawn.clear();
    for (const [place, tile] of this.tiles) if (!this.isInside(tile)) this.tiles.delete(place);
    this.show();
  }

  tile(tile: Tile): void {
    const place = (tile.y << 16) | tile.x;
    const known = this.tiles.get(place);
    if (!known || isAfter(tile.number, known.number)) this.tiles.set(place, tile);
  }

  /** The node said what a picture shows exactly, that is there or comes. */
  shows(shows: Shows): void {
    this.said.add(shows);
    if (this.video !== null && covers(shows, this.video)) this.show();
  }

  /** The video shows that picture now. */
  presented(rtp: number | null): void {
    this.video = rtp;
    this.show();
  }

  /** A new connection: what was there belongs to the old one. */
  forget(): void {
    this.said.clear();
    this.tiles.clear();
    this.show();
  }

  private show(): void {
    const said = this.video === null ? null : this.said.of(this.video);
    // What was said of a picture of another size counts nothing here.
    const bits = said?.length === Math.ceil((this.columns * this.rows) / 8) ? said : null;
    // What is on the canvas stays there: the next picture may show it again.
    this.canvas.hidden = bits === null;
    if (!bits) return;
    const has = (index: number) => ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
    for (const index of this.drawn.keys()) {
      if (has(index)) continue;
      const { x, y } = this.placeOf(index);
      this.context.clearRect(x, y, TILE.width, TILE.height);
      this.drawn.delete(index);
    }
    for (const tile of this.tiles.values()) {
      const index = this.indexOf(tile);
      if (!this.isInside(tile) || !has(index) || this.drawn.get(index) === tile) continue;
      this.context.putImageData(new ImageData(tile.pixels, tile.width, tile.height), tile.x, tile.y);
      this.drawn.set(index, tile);
    }
  }

  private isInside({ x, y }: Tile): boolean {
    return x < this.canvas.width && y < this.canvas.height;
  }

  private get rows(): number {
    return Math.ceil(this.canvas.height / TILE.height);
  }

  private get columns(): number {
    return Math.ceil(this.canvas.width / TILE.width);
  }

  private indexOf({ x, y }: { x: number; y: number }): number {
    return Math.floor(y / TILE.height) * this.columns + Math.floor(x / TILE.width);
  }

  private placeOf(index: number): { x: number; y: number } {
    return { x: (index % this.columns) * TILE.width, y: Math.floor(index / this.columns) * TILE.height };
  }
}
