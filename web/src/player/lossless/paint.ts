// A decoded picture as RGBA, the one definition of its looks being `Picture::to_rgba` in crates/playfield-core/src/frame.rs.

import type { Zoom } from '../fit';
import { Format } from './datagram';
import type { Picture } from './decoder';

/** Fills `out` (one little-endian 0xAABBGGRR word a pixel) with the picture. */
export function toRgba(picture: Picture, out: Uint32Array): void {
  if (picture.format === Format.Indexed) indexed(picture, out);
  else if (picture.format === Format.Rgb565) rgb565(picture.pixels, out);
  else rgb(picture.pixels, out);
}

function indexed(picture: Picture, out: Uint32Array): void {
  const colours = new Uint32Array(256);
  rgb(picture.palette, colours);
  const pixels = picture.pixels;
  for (let i = 0; i < out.length; i++) out[i] = colours[pixels[i]!]!;
}

function rgb565(pixels: Uint8Array, out: Uint32Array): void {
  for (let i = 0; i < out.length; i++) {
    const value = pixels[i * 2]! | (pixels[i * 2 + 1]! << 8);
    const [r, g, b] = [value >> 11, (value >> 5) & 63, value & 31];
    out[i] = word((r << 3) | (r >> 2), (g << 2) | (g >> 4), (b << 3) | (b >> 2));
  }
}

function rgb(pixels: Uint8Array, out: Uint32Array): void {
  for (let i = 0, at = 0; i < out.length; i++, at += 3) out[i] = word(pixels[at]!, pixels[at + 1]!, pixels[at + 2]!);
}

function word(r: number, g: number, b: number): number {
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
}

/** Puts pictures on a canvas that belongs to this thread. */
export class Painter {
  private readonly context: OffscreenCanvasRenderingContext2D;
  private image: ImageData | null = null;
  private zoom: Zoom = { across: 1, down: 1 };
  /** Where a picture that is enlarged lies in its own size. */
  private small: OffscreenCanvasRenderingContext2D | null = null;

  constructor(private readonly canvas: OffscreenCanvas) {
    this.context = canvas.getContext('2d', { alpha: false })!;
  }

  paint(picture: Picture): void {
    const { width, height } = picture;
    if (this.image?.width !== width || this.image.height !== height) {
      this.image = this.context.createImageData(width, height);
      this.fit(this.image);
    }
    toRgba(picture, new Uint32Array(this.image.data.buffer));
    this.put(this.image);
  }

  /** From now on each pixel is drawn so many times as wide and high; the picture that is there too, for a title that stands still sends no other. */
  enlarge(zoom: Zoom): void {
    this.zoom = zoom;
    if (!this.image) return;
    this.fit(this.image);
    this.put(this.image);
  }

  private fit({ width, height }: ImageData): void {
    const { across, down } = this.zoom;
    this.canvas.width = Math.round(width * across);
    this.canvas.height = Math.round(height * down);
    this.small = across * down > 1 ? new OffscreenCanvas(width, height).getContext('2d', { alpha: false }) : null;
    this.context.imageSmoothingEnabled = false;
  }

  private put(image: ImageData): void {
    (this.small ?? this.context).putImageData(image, 0, 0);
    if (this.small) this.context.drawImage(this.small.canvas, 0, 0, this.canvas.width, this.canvas.height);
  }

  /** A pixel of the picture painted last, 0xRRGGBB; black outside it. */
  colourAt(x: number, y: number): number {
    const { width, height, data } = this.image ?? { width: 0, height: 0, data: [] };
    const at = (y * width + x) * 4;
    return x < width && y < height ? (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]! : 0;
  }
}
