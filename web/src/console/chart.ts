// Counts of minutes, as columns of parts.

import type { DeviceCounts } from '../api';

export interface Column {
  minute: number;
  parts: { what: string; count: number }[];
}

export interface Columns {
  minutes: Column[];
  series: string[];
  /** What each series is called. */
  names: Record<string, string>;
  /** The highest column. */
  most: number;
}

/** `cross/road/in` as a person would say it. */
export function nameOf(what: string): string {
  const parts = what.split('/');
  const [kind, last] = [parts[0], parts.at(-1)];
  const place = parts.slice(1, kind === 'cross' ? -1 : undefined).join('/');
  if (kind === 'cross') return `${place} ${last}`;
  if (kind === 'enter') return `into ${place}`;
  if (kind === 'dwell') return `stayed in ${place}`;
  return what;
}

export function columns({ from, to, counts }: DeviceCounts): Columns {
  const minutes: Column[] = Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => ({ minute: from + n, parts: [] }));
  const series = [...new Set(counts.map(({ what }) => what))].sort();
  for (const { what, minute, count } of counts) minutes[minute - from]?.parts.push({ what, count });
  for (const { parts } of minutes) parts.sort((a, b) => series.indexOf(a.what) - series.indexOf(b.what));
  const most = Math.max(0, ...minutes.map(({ parts }) => parts.reduce((sum, { count }) => sum + count, 0)));
  return { minutes, series, names: Object.fromEntries(series.map((what) => [what, nameOf(what)])), most };
}
