// Who would steer, and where they are: what the server does with a picture (`core::rule::steer`), to show it while a rule is written.

import type { CameraObject, Zone } from '../../api';

export interface Steer {
  along?: 'x' | 'y';
  mirror?: boolean;
}

export interface By {
  track: number;
  x: number;
  y: number;
  /** From -1 to 1. */
  there: number;
}

/** Whether a place lies in an area (even-odd rule). */
export function contains(points: [number, number][], x: number, y: number): boolean {
  let inside = false;
  points.forEach(([x1, y1], n) => {
    const [x2, y2] = points[(n + 1) % points.length]!;
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  });
  return inside;
}

/** The one that steers: who did before, else who is nearest to where that was. */
export function steers(objects: CameraObject[], before: By | null, { along = 'x', mirror = false }: Steer, zone: Zone | undefined, counts: (object: CameraObject) => boolean): By | null {
  const there = objects.flatMap((object) => {
    const [x, y] = [(object.box.left + object.box.right) / 2, object.box.bottom];
    return object.track !== undefined && counts(object) && (!zone || contains(zone.points, x, y)) ? [{ track: object.track, x, y }] : [];
  });
  const strange = (one: { track: number; x: number; y: number }) => (!before ? 0 : one.track === before.track ? -1 : Math.hypot(one.x - before.x, one.y - before.y));
  const one = there.toSorted((a, b) => strange(a) - strange(b))[0];
  if (!one) return null;
  const sides = zone?.points.map(([x, y]) => (along === 'x' ? x : y)) ?? [0, 1];
  const [from, to] = [Math.min(...sides), Math.max(...sides)];
  const share = to > from ? (one[along] - from) / (to - from) : 0.5;
  const value = Math.min(1, Math.max(-1, share * 2 - 1));
  return { ...one, there: mirror ? -value : value };
}
