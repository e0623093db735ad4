// Numbers about the stream, for the overlay and for `stats()`.

import type { Receipt, VideoMode } from '../api';
import { bottleneck, type Bottleneck } from './bottleneck';
import type { FrameReport } from './wire';

const WINDOW_MS = 2000;

/** What `stats()` returns. Numbers not known yet are null. */
export interface PlayerStats {
  /** How the picture is sent now. */
  video: VideoMode;
  width: number;
  height: number;
  /** Pictures shown a second, over the last two. */
  fps: number;
  /** From the node's sending to our screen, in ms: half the round trip plus arrival to present. An estimate. */
  pictureAgeMs: number | null;
  /** Median of arrival to present, in ms. */
  presentMs: number | null;
  rttMs: number | null;
  /** Node's clock minus ours and its error, in microseconds. */
  clock: { offsetUs: number; errorUs: number } | null;
  bitrateBps: number | null;
  /** From the click to the first picture on the screen, in ms. */
  firstFrameMs: number | null;
  /** Connections made in place of a lost one. */
  reconnects: number;
  pictures: number;
  /** What is sent less of than the title makes, and why, in a sentence. */
  limited: string | null;
  /** What video is coded as: `H.264`, `AV1`. */
  codec: string;
  /** The node's own account; null until its first came. */
  receipt: Receipt | null;
  /** Our messages so far with something that we may not send. */
  refused: number;
  /** What holds it up, and what could be done. */
  bottleneck: Bottleneck;
}

export class FrameStats {
  private shown: { atMs: number; presentMs: number }[] = [];
  pictures = 0;

  add(reports: readonly FrameReport[]): void {
    for (const report of reports) {
      this.pictures += 1;
      this.shown.push({ atMs: (report.arrivalUs + report.presentUs) / 1000, presentMs: report.presentUs / 1000 });
    }
    const newest = this.shown.at(-1)?.atMs ?? 0;
    this.shown = this.shown.filter((frame) => newest - frame.atMs < WINDOW_MS);
  }

  fps(nowMs: number): number {
    const recent = this.shown.filter((frame) => nowMs - frame.atMs < WINDOW_MS);
    return recent.length / (WINDOW_MS / 1000);
  }

  presentMs(): number | null {
    const sorted = this.shown.map((frame) => frame.presentMs).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }
}

const WAYS: readonly (readonly [VideoMode, string])[] = [['lossless', 'Lossless'], ['h264', 'H.264']];

/** What holds the stream up, given the ways its picture could be sent. */
export function bottleneckOf(stats: Omit<PlayerStats, 'bottleneck'>, videos: readonly VideoMode[]): Bottleneck {
  const other = WAYS.find(([mode]) => mode !== stats.video && videos.includes(mode));
  return bottleneck({ stages: stats.receipt?.stages ?? [], rttMs: stats.rttMs, pictures: stats.pictures, otherWay: other?.[1] ?? null });
}
