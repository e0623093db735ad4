// The picture that is not there: boxes, paths, lines and zones where the camera found them.
//
// Nothing here knows a pixel of the camera. Places are fractions of its picture; colours come from the page's tokens.

import type { CameraObject, CameraSeen, Line, Place, Zone } from '../api';

/** How long a path is, in pictures, and how long what is not seen any more stays, in ms. */
const PATH = 40;
const LINGERS = 1_200;
/** How long a line is lit after it was crossed, in ms. */
const LIT = 700;
/** What is narrower has small names, in pixels. */
const NARROW = 520;

interface Path {
  points: Place[];
  cls: number;
  at: number;
}

export interface Palette {
  colours: string[];
  text: string;
  dim: string;
  line: string;
  accent: string;
  ground: string;
}

export interface Watched {
  lines: Line[];
  zones: Zone[];
  /** What stands beside each of them, by its name. */
  captions: Record<string, string>;
}

/** The name of a line or a zone, and where it stands. */
export interface Caption {
  text: string;
  size: number;
  left: number;
  wide: number;
  y: number;
}

/** The first place from `y` downwards where nothing of `there` is, in pixels. */
export function free(there: Pick<Caption, 'left' | 'wide' | 'y'>[], left: number, wide: number, y: number, high: number): number {
  const inTheWay = (place: number) =>
    there.find((other) => Math.abs(other.y - place) < high && other.left - 12 < left + wide && left - 12 < other.left + other.wide);
  for (let other = inTheWay(y); other; other = inTheWay(y)) y = other.y + high;
  return y;
}

export class Stage {
  private captions: Caption[] = [];
  watched: Watched = { lines: [], zones: [], captions: {} };
  heat: { width: number; height: number; cells: number[] } | null = null;
  labels: string[] = [];
  /** A picture is below: no floor. */
  bare = false;
  private objects: CameraObject[] = [];
  private paths = new Map<number, Path>();
  private lit = new Map<string, number>();

  take(seen: CameraSeen, now: number): void {
    this.objects = seen.objects ?? [];
    for (const object of this.objects) {
      if (object.track == null) continue;
      const path = this.paths.get(object.track) ?? { points: [], cls: object.class, at: now };
      path.points.push({ x: (object.box.left + object.box.right) / 2, y: object.box.bottom });
      if (path.points.length > PATH) path.points.shift();
      [path.cls, path.at] = [object.class, now];
      this.paths.set(object.track, path);
    }
    for (const [track, path] of this.paths) if (now - path.at > LINGERS) this.paths.delete(track);
    for (const event of seen.events ?? []) {
      const where = event.line ?? event.zone;
      if (where) this.lit.set(where, now);
    }
  }

  draw(context: CanvasRenderingContext2D, width: number, height: number, look: Palette, now: number): void {
    context.clearRect(0, 0, width, height);
    if (!this.bare) this.ground(context, width, height, look);
    if (this.heat) this.warm(context, width, height, look);
    context.lineJoin = context.lineCap = 'round';
    this.captions = [];
    for (const zone of this.watched.zones) this.zone(context, zone, width, height, look, now);
    for (const line of this.watched.lines) this.line(context, line, width, height, look, now);
    for (const path of this.paths.values()) this.path(context, path, width, height, look, now);
    for (const object of this.objects) this.box(context, object, width, height, look);
    this.say(context, look);
  }

  /** A floor of points, so that places can be told where no picture is. */
  private ground(context: CanvasRenderingContext2D, width: number, height: number, look: Palette): void {
    context.fillStyle = look.line;
    const step = width / 32;
    for (let x = step / 2; x < width; x += step) for (let y = step / 2; y < height; y += step) context.fillRect(x, y, 1.5, 1.5);
  }

  private warm(context: CanvasRenderingContext2D, width: number, height: number, look: Palette): void {
    const { width: across, height: down, cells } = this.heat!;
    const most = Math.max(...cells, 1e-9);
    const [w, h] = [width / across, height / down];
    context.fillStyle = look.accent;
    cells.forEach((cell, n) => {
      if (cell <= 0) return;
      context.globalAlpha = 0.75 * Math.sqrt(cell / most);
      context.fillRect((n % across) * w, Math.floor(n / across) * h, w + 0.5, h + 0.5);
    });
    context.globalAlpha = 1;
  }

  private glow(name: string, now: number): number {
    return Math.max(0, 1 - (now - (this.lit.get(name) ?? -LIT)) / LIT);
  }

  private zone(context: CanvasRenderingContext2D, zone: Zone, width: number, height: number, look: Palette, now: number): void {
    context.beginPath();
    zone.points.forEach(([x, y], n) => (n === 0 ? context.moveTo(x * width, y * height) : context.lineTo(x * width, y * height)));
    context.closePath();
    context.globalAlpha = 0.1 + 0.2 * this.glow(zone.name, now);
    context.fillStyle = look.accent;
    context.fill();
    context.globalAlpha = 1;
    context.setLineDash([6, 6]);
    context.strokeStyle = look.accent;
    context.lineWidth = 1.5;
    context.stroke();
    context.setLineDash([]);
    const [x, y] = zone.points.reduce(([ax, ay], [bx, by]) => (by < ay ? [bx, by] : [ax, ay]));
    this.caption(context, zone.name, x * width, y * height - 8, 'center');
  }

  private line(context: CanvasRenderingContext2D, line: Line, width: number, height: number, look: Palette, now: number): void {
    const [[ax, ay], [bx, by]] = [line.from, line.to];
    context.strokeStyle = look.text;
    context.lineWidth = 2.5 + 3 * this.glow(line.name, now);
    context.beginPath();
    context.moveTo(ax * width, ay * height);
    context.lineTo(bx * width, by * height);
    context.stroke();
    for (const [x, y] of [line.from, line.to]) {
      context.fillStyle = look.text;
      context.beginPath();
      context.arc(x * width, y * height, 4, 0, 7);
      context.fill();
    }
    this.caption(context, line.name, bx * width + 10, by * height + 4, 'left');
  }

  /** Where a name goes: beside the point, inside the picture, and below names that are there already. */
  private caption(context: CanvasRenderingContext2D, name: string, x: number, y: number, align: CanvasTextAlign): void {
    const text = [name, this.watched.captions[name]].filter(Boolean).join('  ');
    const size = context.canvas.clientWidth < NARROW ? 11 : 13;
    context.font = `600 ${size}px system-ui, sans-serif`;
    const wide = context.measureText(text).width;
    const left = Math.min(Math.max(align === 'center' ? x - wide / 2 : x, 8), context.canvas.clientWidth - wide - 8);
    this.captions.push({ text, size, left, wide, y: free(this.captions, left, wide, y, size + 7) });
  }

  /** The names, over everything else: what moves goes through below them. */
  private say(context: CanvasRenderingContext2D, look: Palette): void {
    context.textAlign = 'left';
    for (const { text, size, left, wide, y } of this.captions) {
      context.font = `600 ${size}px system-ui, sans-serif`;
      context.fillStyle = look.ground;
      context.globalAlpha = 0.85;
      context.fillRect(left - 5, y - size, wide + 10, size + 5);
      context.globalAlpha = 1;
      context.fillStyle = look.text;
      context.fillText(text, left, y);
    }
  }

  private path(context: CanvasRenderingContext2D, path: Path, width: number, height: number, look: Palette, now: number): void {
    context.strokeStyle = look.colours[path.cls % look.colours.length]!;
    context.lineWidth = 2;
    const fades = Math.max(0, 1 - (now - path.at) / LINGERS);
    path.points.forEach((point, n) => {
      const before = path.points[n - 1];
      if (!before) return;
      context.globalAlpha = 0.7 * fades * (n / path.points.length);
      context.beginPath();
      context.moveTo(before.x * width, before.y * height);
      context.lineTo(point.x * width, point.y * height);
      context.stroke();
    });
    context.globalAlpha = 1;
  }

  private box(context: CanvasRenderingContext2D, object: CameraObject, width: number, height: number, look: Palette): void {
    const { left, top, right, bottom } = object.box;
    const colour = look.colours[object.class % look.colours.length]!;
    const [x, y, w, h] = [left * width, top * height, (right - left) * width, (bottom - top) * height];
    const known = object.track != null;
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 2;
    context.globalAlpha = known ? 0.14 : 0.05;
    context.fillRect(x, y, w, h);
    context.globalAlpha = known ? 1 : 0.4;
    context.strokeRect(x, y, w, h);
    if (known && w > 26) {
      context.font = '600 11px system-ui, sans-serif';
      context.textAlign = 'left';
      context.fillText(`${this.labels[object.class] ?? object.class} ${object.track}`, x, y - 4);
    }
    context.globalAlpha = 1;
  }
}
