// How figures and states are said.

import type { DeviceState } from '../api';

export const STATES: Record<DeviceState, string> = { starting: 'Starting', online: 'At work', broken: 'Broken' };

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

/** A time of day. */
export function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}
