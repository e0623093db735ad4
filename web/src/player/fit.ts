// Where the picture goes: its size and place in the room it has, in each of the ways a person may want.

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
  /** The picture's own size, in its pixels. */
  pictureWidth: number;
  pictureHeight: number;
}

/**
 * `auto`: as large as fits, on whole screen pixels where that costs little. `fit`: as large as fits. `fill`: no bars, what does not
 * fit is cut off on both sides. `integer`: every pixel of the picture is the same whole number of screen pixels.
 */
export type Scale = 'auto' | 'fit' | 'fill' | 'integer';

/** How pixels that are larger than the screen's are drawn; `auto`: lossless sharp, video smooth. */
export type Pixels = 'auto' | 'sharp' | 'smooth';

export interface Size {
  width: number;
  height: number;
}

/** Shapes from ten times as high as wide to ten times as wide as high are believed. */
const OBLONG = 10;
/** Most screen pixels a pixel is drawn on, either way, before the picture is stretched; and most that all of them may be. */
const MOST_ZOOM = 8;
const MOST_DRAWN = 4_000_000;

/** Up to this share of the size is given up for pixels that are all equally large. */
const WHOLE_PIXELS_WORTH = 0.85;

/**
 * The picture as it is to be seen, in pixels that are square and as high as its own. `aspect` is its width by its height then; without
 * one, or where it says the same within a pixel, its own pixels are square.
 */
export function shapeOf(picture: Size, aspect: number | null | undefined): Size {
  if (!aspect || !(aspect >= 1 / OBLONG && aspect <= OBLONG)) return picture;
  const width = picture.height * aspect;
  return Math.abs(width - picture.width) < 1 ? picture : { width, height: picture.height };
}

/** How many times as wide and as high a picture is drawn before it is stretched. */
export interface Zoom {
  across: number;
  down: number;
}

/**
 * A picture whose pixels are not square cannot have them all equally wide in whole screen pixels. It is drawn on the next whole
 * numbers of them, and stretched from there smoothly: then all are equally wide, with edges less than a screen pixel soft.
 */
export function zoomOf(place: Size, picture: Size, ratio: number): Zoom {
  const next = (length: number, pixels: number) => Math.max(1, Math.min(MOST_ZOOM, Math.ceil((length * ratio) / pixels - 0.01)));
  const zoom = { across: next(place.width, picture.width), down: next(place.height, picture.height) };
  while (zoom.across * zoom.down * picture.width * picture.height > MOST_DRAWN && zoom.across * zoom.down > 1) {
    if (zoom.across >= zoom.down) zoom.across -= 1;
    else zoom.down -= 1;
  }
  return zoom;
}

/** CSS pixels per picture pixel in a room of that size. `ratio` is screen pixels per CSS pixel. */
export function scaleFor(room: Size, picture: Size, ratio: number, mode: Scale = 'auto'): number {
  const across = room.width / picture.width;
  const down = room.height / picture.height;
  if (mode === 'fill') return Math.max(across, down);
  const fitting = Math.min(across, down);
  if (mode === 'fit') return fitting;
  const whole = Math.floor(fitting * ratio) / ratio;
  // A picture larger than the room has no whole size that fits.
  const worth = mode === 'integer' ? 0 : WHOLE_PIXELS_WORTH;
  return whole > 0 && whole / fitting >= worth ? whole : fitting;
}

/**
 * Where the picture lies in the room, in CSS pixels from its corner: in the middle, its edges on screen pixels. Where its pixels are not
 * square, those of its height are counted, and the width follows the shape.
 */
export function placeOf(room: Size, picture: Size, ratio: number, mode: Scale, aspect?: number | null): { left: number; top: number; width: number; height: number } {
  const shape = shapeOf(picture, aspect);
  const scale = scaleFor(room, shape, ratio, mode);
  const whole = (value: number) => Math.round(value * ratio) / ratio;
  const [width, height] = [shape.width * scale, shape.height * scale].map((length) => (shape === picture ? length : whole(length))) as [number, number];
  return { left: whole((room.width - width) / 2), top: whole((room.height - height) / 2), width, height };
}
