// What stands still of a video, pixel for pixel, on a canvas that lies on it.
//
// The node says of each picture of the video which tiles it shows exactly. While the video shows a picture that nothing was said of, as
// after a loss, nothing lies on it: so what is seen is always the picture, only less sharp for a moment.

import type { Size } from './fit';
import type { Shows } from './lossless/tiles';

const TILE = { width: 256, height: 128 };
/** Pictures whose word is kept: it comes before they do. */
const KEPT = 64;

export interface Tile extends Size {
  x: number;
  y: number;
  /** RGBA. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

export class Exact {
  readonly canvas = document.createElement('canvas');
  private readonly context = this.canvas.getContext('2d')!;
  /** Tiles that came, and lie where nothing was drawn of them. */
  private readonly came = new Map<number, Tile>();
  /** Tiles that are on the canvas. */
  private readonly drawn = new Set<number>();
  private readonly said = new Map<number, Shows>();
  private video = -1;

  constructor() {
    this.canvas.className = 'picture exact';
    this.canvas.hidden = true;
  }

  /** The picture's size; another one is another picture. */
  resize({ width, height }: Size): void {
    if (this.canvas.width === width && this.canvas.height === height) return;
    Object.assign(this.canvas, { width, height });
    this.came.clear();
    this.drawn.clear();
  }

  tile(tile: Tile): void {
    this.came.set(this.indexOf(tile), tile);
  }

  /** The node said what a picture shows exactly, that is there or comes. */
  shows(shows: Shows): void {
    this.said.delete(shows.rtp);
    this.said.set(shows.rtp, shows);
    if (this.said.size > KEPT) this.said.delete(this.said.keys().next().value!);
    if (shows.rtp === this.video) this.show();
  }

  /** The video shows that picture now. */
  presented(rtp: number): void {
    this.video = rtp;
    this.show();
  }

  /** A new connection: what was there belongs to the old one. */
  forget(): void {
    this.said.clear();
    this.came.clear();
    this.show();
  }

  private show(): void {
    const bits = this.said.get(this.video)?.bits;
    // What is on the canvas stays there: the next picture may show it again.
    this.canvas.hidden = bits === undefined;
    if (!bits) return;
    const has = (index: number) => ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
    for (const index of this.drawn) {
      if (has(index)) continue;
      const { x, y } = this.placeOf(index);
      this.context.clearRect(x, y, TILE.width, TILE.height);
      this.drawn.delete(index);
    }
    for (const [index, { x, y, width, height, pixels }] of this.came) {
      if (!has(index)) continue;
      this.context.putImageData(new ImageData(pixels, width, height), x, y);
      this.drawn.add(index);
      this.came.delete(index);
    }
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
