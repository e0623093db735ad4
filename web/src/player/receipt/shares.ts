// A receipt as what can be drawn: the parts a picture's time falls to, and the columns of a histogram.

import type { Stage, StageHistogram } from '../../api';

export type Part = 'network' | 'wait' | 'title' | 'server' | 'browser';

export const PARTS: readonly { part: Part; name: string; stages: readonly string[] }[] = [
  { part: 'wait', name: 'Waiting for the tick', stages: ['wait'] },
  { part: 'title', name: 'Title', stages: ['guest'] },
  { part: 'server', name: 'Server', stages: ['convert', 'encode', 'send'] },
  { part: 'network', name: 'Network', stages: ['uplink', 'network'] },
  { part: 'browser', name: 'Browser', stages: ['decode', 'present'] },
];

export interface Share {
  part: Part;
  name: string;
  p50Ms: number;
  p95Ms: number;
}

/** What each part takes. Of a part with several stages these are sums, which is close, since one stage makes up most of it. */
export function sharesOf(stages: readonly Stage[]): Share[] {
  const sum = (names: readonly string[], of: (stage: Stage) => number) => stages.filter(({ name }) => names.includes(name)).reduce((all, stage) => all + of(stage), 0);
  return PARTS.map(({ part, name, stages: names }) => ({ part, name, p50Ms: sum(names, (stage) => stage.p50_ms), p95Ms: sum(names, (stage) => stage.p95_ms) }));
}

/** Pictures a column, and the ends of the axis in microseconds; columns are equally wide on a logarithmic axis. */
export interface Columns {
  counts: number[];
  fromUs: number;
  toUs: number;
}

/** Least width of the axis, as a factor, and its least start. */
const LEAST_SPAN = 4;
const LEAST_US = 100;

export function columnsOf({ buckets }: StageHistogram, count: number): Columns {
  const first = Math.max(LEAST_US, buckets[0]?.[0] ?? 1000);
  const last = Math.max(first, buckets.at(-1)?.[1] ?? 1000);
  const middle = Math.sqrt(first * last);
  const half = Math.max(Math.sqrt(last / first), Math.sqrt(LEAST_SPAN)) * 1.02;
  const [fromUs, toUs] = [middle / half, middle * half];
  const counts = new Array<number>(count).fill(0);
  for (const [from, below, pictures] of buckets) {
    // A bucket lies across columns: each gets its share.
    const begin = place(from, fromUs, toUs) * count;
    const end = Math.max(begin + 1e-6, place(below, fromUs, toUs) * count);
    for (let i = Math.floor(begin); i < Math.min(count, Math.ceil(end)); i++) {
      counts[i]! += (pictures * (Math.min(end, i + 1) - Math.max(begin, i))) / (end - begin);
    }
  }
  return { counts, fromUs, toUs };
}

/** Where a time is on the axis, 0 to 1. */
export function place(us: number, fromUs: number, toUs: number): number {
  return Math.min(1, Math.max(0, Math.log(Math.max(us, 1) / fromUs) / Math.log(toUs / fromUs)));
}

/** Round times along the axis, in milliseconds, not too many. */
export function ticksOf(fromUs: number, toUs: number): number[] {
  const all = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000];
  const within = all.filter((ms) => ms * 1000 >= fromUs && ms * 1000 <= toUs);
  return within.length <= 7 ? within : within.filter((ms) => /^1|^0\.1/.test(String(ms)));
}
