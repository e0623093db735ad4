// How figures and states are said.

import type { CameraApp, CameraEvent, CameraSource, ClassCount, Dataset, DeviceState, Emitted } from '../api';

export const STATES: Record<DeviceState, string> = { starting: 'Starting', online: 'At work', broken: 'Broken', offline: 'Not connected' };

export const APPS: Record<CameraApp['state'], string> = {
  starting: 'Starts with the next picture',
  running: 'Running',
  waiting: 'Is started again in a while',
  refused: 'Cannot be run',
  done: 'Ended by itself',
};

/** Where a camera's pictures come from. */
export function sourceOf(source: CameraSource): string {
  switch (source.kind) {
    case 'scene':
      return 'A drawn street';
    case 'folder':
      return `Pictures in ${source.path}`;
    case 'file':
      return `The video ${source.path}`;
    case 'tensors':
      return `The recording ${source.path}`;
    case 'rtsp':
      return source.url;
    case 'v4l2':
      return source.device;
    case 'browser':
      return 'The camera of a browser';
  }
}

/** The fields of what an app said, as words; of one within another the path. */
export function saidBy(emitted: Emitted | null): [string, string][] {
  const fields = (value: unknown, path: string): [string, string][] =>
    value !== null && typeof value === 'object'
      ? Object.entries(value).flatMap(([key, inner]) => fields(inner, path ? `${path} ${key}` : key.replaceAll('_', ' ')))
      : [[path, String(value)]];
  return emitted ? fields(emitted.value, '').slice(0, 24) : [];
}

/** So long ago, roughly. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 3) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** Microseconds, as milliseconds. */
export function inMs(us: number): string {
  return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`;
}

/** Bytes, in three digits. */
export function inBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [n, unit] = [bytes, 0];
  while (n >= 999.5 && unit < units.length - 1) [n, unit] = [n / 1000, unit + 1];
  return `${unit === 0 || n >= 99.5 ? Math.round(n) : n.toFixed(n < 9.95 ? 2 : 1)} ${units[unit]}`;
}

/** What a dataset has of what it was to have. */
export function keptOf({ every_ms, pictures, uploads, files }: Dataset): string {
  const some = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
  return [every_ms ? [some(pictures, 'picture')] : [], uploads || files ? [some(files, 'file')] : []].flat().join(', ');
}

/** What is kept just now, of datasets that are open. */
export function isKept(open: Dataset[]): string {
  const pictures = open.some(({ every_ms }) => every_ms > 0);
  const uploads = open.some((dataset) => dataset.uploads);
  if (pictures && uploads) return 'Pictures of this camera are kept, and what its app uploads';
  return pictures ? 'Pictures of this camera are kept' : 'What its app uploads is kept';
}

/** A time of day. */
export function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** How many of all classes. */
export function total(counts: ClassCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

/** How many of each class, as a list of words. */
export function several(counts: ClassCount[], labels: string[]): string {
  const sums = new Map<number, number>();
  for (const { class: cls, count } of counts) sums.set(cls, (sums.get(cls) ?? 0) + count);
  const parts = [...sums].sort(([a], [b]) => a - b).map(([cls, count]) => `${count} ${labels[cls] ?? `of class ${cls}`}`);
  return parts.join(', ') || 'nothing yet';
}

/** What happened, in a sentence. */
export function sentence(event: CameraEvent, labels: string[]): string {
  const who = event.thing ? `${labels[event.thing.class] ?? `class ${event.thing.class}`} ${event.thing.track}` : 'something';
  const seconds = `${Math.round(event.seconds ?? 0)} s`;
  switch (event.event) {
    case 'cross':
      return `${who} crossed ${event.line}, ${event.direction}`;
    case 'enter':
      return `${who} came into ${event.zone}`;
    case 'leave':
      return event.vanished ? `${who} was last seen in ${event.zone}, after ${seconds}` : `${who} left ${event.zone} after ${seconds}`;
    case 'dwell':
      return `${who} stays in ${event.zone}, ${seconds} so far`;
    case 'crowd':
      return event.begins ? `${event.count} in ${event.zone}: a crowd` : `no crowd in ${event.zone} any more`;
    case 'absent':
      return event.begins ? `nobody in ${event.zone} for ${seconds}` : `somebody is in ${event.zone} again`;
    case 'speed':
      return `${who} was fast in ${event.zone}: ${((event.thing?.speed_mps ?? 0) * 3.6).toFixed(0)} km/h`;
    case 'route':
      return `${who} went from ${event.from} to ${event.to} in ${seconds}`;
    case 'gap':
      return `no pictures for ${seconds}`;
    default:
      return event.event;
  }
}
