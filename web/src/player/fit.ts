// Where the picture goes: as large as fits, in its own shape, and on whole screen pixels where that costs little.

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
  /** The picture's own size, in its pixels. */
  pictureWidth: number;
  pictureHeight: number;
}

/** Up to this share of the size is given up for pixels that are all equally large. */
const WHOLE_PIXELS_WORTH = 0.85;

/** CSS pixels per picture pixel in a room of that size. `ratio` is screen pixels per CSS pixel. */
export function scaleFor(room: { width: number; height: number }, picture: { width: number; height: number }, ratio: number): number {
  const fitting = Math.min(room.width / picture.width, room.height / picture.height);
  const whole = Math.floor(fitting * ratio) / ratio;
  return whole > 0 && whole / fitting >= WHOLE_PIXELS_WORTH ? whole : fitting;
}
