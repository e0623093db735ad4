// A decoded picture as RGBA, the one definition of its looks being `Picture::to_rgba` in crates/playfield-core/src/frame.rs.

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

  constructor(private readonly canvas: OffscreenCanvas) {
    this.context = canvas.getContext('2d', { alpha: false })!;
  }

  paint(picture: Picture): void {
    const { width, height } = picture;
    if (this.image?.width !== width || this.image.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.image = this.context.createImageData(width, height);
    }
    toRgba(picture, new Uint32Array(this.image.data.buffer));
    this.context.putImageData(this.image, 0, 0);
  }

  /** A pixel of the picture painted last, 0xRRGGBB; black outside it. */
  colourAt(x: number, y: number): number {
    const { width, height, data } = this.image ?? { width: 0, height: 0, data: [] };
    const at = (y * width + x) * 4;
    return x < width && y < height ? (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]! : 0;
  }
}
