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

/** Up to this share of the size is given up for pixels that are all equally large. */
const WHOLE_PIXELS_WORTH = 0.85;

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

/** Where the picture lies in the room, in CSS pixels from its corner: in the middle, its edges on screen pixels. */
export function placeOf(room: Size, picture: Size, ratio: number, mode: Scale): { left: number; top: number; width: number; height: number } {
  const scale = scaleFor(room, picture, ratio, mode);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const whole = (value: number) => Math.round(value * ratio) / ratio;
  return { left: whole((room.width - width) / 2), top: whole((room.height - height) / 2), width, height };
}
