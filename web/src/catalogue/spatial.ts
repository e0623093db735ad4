// Where the focus goes when somebody presses a direction: to the nearest thing that lies that way.
//
// Nearest means: distance along the direction, plus twice how far it is off to the side. What overlaps with where we are counts as not off at all,
// so a grid moves straight and rows of different widths meet sensibly.

export type Direction = 'up' | 'down' | 'left' | 'right';

export interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const SIDEWAYS_COST = 2;
/** Edges may overlap by a pixel of rounding and still count as beside each other. */
const SLACK = 2;

/** The index of the best of `candidates` from `from` in a direction, or -1 if nothing lies that way. */
export function nearest(from: Rect, candidates: readonly Rect[], direction: Direction): number {
  let best = -1;
  let least = Infinity;
  candidates.forEach((to, i) => {
    const cost = costOf(turn(from, direction), turn(to, direction));
    if (cost < least) [best, least] = [i, cost];
  });
  return best;
}

/** Rotates the world so that every direction is "to the right". */
function turn(rect: Rect, direction: Direction): Rect {
  const { left, top, right, bottom } = rect;
  if (direction === 'right') return rect;
  if (direction === 'left') return { left: -right, top, right: -left, bottom };
  if (direction === 'down') return { left: top, top: left, right: bottom, bottom: right };
  return { left: -bottom, top: left, right: -top, bottom: right };
}

function costOf(from: Rect, to: Rect): number {
  const ahead = to.left - from.right;
  if (ahead < -SLACK) return Infinity;
  const aside = Math.max(0, to.top - from.bottom, from.top - to.bottom);
  const middles = Math.abs((to.top + to.bottom) / 2 - (from.top + from.bottom) / 2);
  // The middles only decide between things that are otherwise equal.
  return Math.max(0, ahead) + SIDEWAYS_COST * aside + middles / 100;
}
