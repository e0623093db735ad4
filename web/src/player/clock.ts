// How far the node's clock is from ours, estimated from the exchange of input and clock messages.
//
// The sample with the smallest round trip of the last 16 is kept: what it waited in queues is least, so its error is too. Browsers round their
// clocks, and what they round is part of the error.

import type { ClockMessage } from './wire';

const KEPT = 16;

/** How far browsers round their clocks at most, in microseconds: Firefox and Safari most, and less in pages that are isolated from others. */
const ROUNDED_US = globalThis.crossOriginIsolated ? 20 : 1000;

/** Node's time minus viewer's time, and how far that may be off; microseconds. */
export interface ClockEstimate {
  offsetUs: number;
  errorUs: number;
}

interface Sample {
  offsetUs: number;
  roundTripUs: number;
}

export class Clock {
  private samples: Sample[] = [];

  constructor(private readonly roundedUs = ROUNDED_US) {}

  /** Takes the answer to a message of ours, which came at `nowUs`. */
  hear(message: ClockMessage, nowUs: number): void {
    const there = message.nodeReceivedUs - message.viewerSentUs;
    const back = message.nodeSentUs - nowUs;
    const roundTripUs = nowUs - message.viewerSentUs - (message.nodeSentUs - message.nodeReceivedUs);
    if (roundTripUs < 0) return;
    this.samples.push({ offsetUs: Math.round((there + back) / 2), roundTripUs });
    if (this.samples.length > KEPT) this.samples.shift();
  }

  /** The best there is, once there is one. */
  estimate(): ClockEstimate | null {
    const best = this.best();
    return best && { offsetUs: best.offsetUs, errorUs: Math.ceil(best.roundTripUs / 2) + this.roundedUs };
  }

  /** Round trip of the newest sample, in milliseconds. */
  roundTripMs(): number | null {
    const newest = this.samples.at(-1);
    return newest ? newest.roundTripUs / 1000 : null;
  }

  private best(): Sample | null {
    let best: Sample | null = null;
    for (const sample of this.samples) if (!best || sample.roundTripUs <= best.roundTripUs) best = sample;
    return best;
  }
}

/** Our time: microseconds since this page began. */
export function nowUs(): number {
  return Math.round(performance.now() * 1000);
}
