// What a self-test found, as figures and one sentence.

import type { Account } from '../../api';
import { sharesOf } from '../../player/receipt/shares';

/** What is promised on loopback: the median lies within one picture of 60 Hz of what a local canvas takes. */
export const TARGET_MS = 16.7;

export interface Quantiles {
  count: number;
  p50_ms: number;
  p95_ms: number;
  /** Each one, in the order they were made. */
  samples_ms: number[];
}

/** One object a run; what "Copy result" copies. */
export interface Result {
  test: 'event to picture';
  at: string;
  browser: string;
  /** Between two refreshes of the display. */
  refresh_ms: number;
  /** On a canvas of this page. */
  floor: Quantiles;
  /** Through the server. */
  stream: Quantiles;
  /** Inputs whose picture did not come in time; they are in no figure. */
  lost: number;
  over_floor_p50_ms: number;
  over_floor_p95_ms: number;
  target_ms: number;
  ok: boolean;
  verdict: string;
  /** The server's account of the same session. */
  receipt: Account | null;
}

export function quantiles(samples: readonly number[]): Quantiles {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? 0);
  return { count: sorted.length, p50_ms: at(0.5), p95_ms: at(0.95), samples_ms: samples.map(round) };
}

export function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** One sentence: how much later than here, and what most of that is. */
export function verdictOf(overMs: number, receipt: Account | null): string {
  const later = `A press shows ${Math.max(0, overMs).toFixed(1)} ms later than on a canvas of this page`;
  if (overMs <= TARGET_MS) return `${later}: less than one picture, which feels local.`;
  const [most] = receipt ? sharesOf(receipt.stages).sort((a, b) => b.p50Ms - a.p50Ms) : [];
  return most ? `${later}; the largest part, ${most.p50Ms.toFixed(1)} ms, is ${BLAME[most.part]}.` : `${later}.`;
}

const BLAME = {
  wait: 'the wait for the title’s next picture',
  title: 'the title making its picture',
  server: 'the server’s work on the picture',
  network: 'the network',
  browser: 'this browser bringing the picture to the screen',
} as const;
