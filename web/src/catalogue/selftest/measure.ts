// Measures how long it takes from an input to the picture that shows it: on a canvas of this page, and through the server.
//
// Both the same way. The input is made here, at a moment that has nothing to do with the display or the title, and stamped
// at once. A picture counts as shown when the first display refresh after it was drawn begins (`requestAnimationFrame`, of
// this thread for the local canvas, of the worker that draws for the stream). What a page cannot see is left out of both: the way from
// a device into the browser before, and the compositor and the screen itself after.

import type { PlayfieldPlayer } from '../../player';

/** The middle of the square that the probe flips, and its colours. */
const PIXEL = { x: 80, y: 80 };
const COLOURS = [0x000000, 0xffffff] as const;
/** How long a picture may take, in ms. */
const PATIENCE_MS = 2_000;
const START_MS = 20_000;
/** Before the first input: the clocks are compared, and the pictures have come in step with the display. */
const SETTLE_MS = 2_000;
/** Inputs that count for nothing. */
const WARM_UP = 3;
/** Between two inputs, in ms: at least, and at random on top of it, which is some pictures. */
const REST_MS = 50;
const SPREAD_MS = 70;

export interface Found {
  floorMs: number[];
  streamMs: number[];
  lost: number;
  refreshMs: number;
}

/** The test cannot go on; the message is for a person. */
export class Stopped extends Error {}

/** A canvas that flips as the probe does. */
export class LocalCanvas {
  private readonly context: CanvasRenderingContext2D;
  private presses = 0;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext('2d', { alpha: false })!;
    this.draw();
  }

  /** Presses, and gives the time to the picture, in ms. */
  press(): Promise<number> {
    const pressed = performance.now();
    this.presses += 1;
    this.draw();
    return new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now() - pressed)));
  }

  private draw(): void {
    const { width, height } = this.canvas;
    this.context.fillStyle = '#101018';
    this.context.fillRect(0, 0, width, height);
    this.context.fillStyle = this.presses % 2 ? '#fff' : '#000';
    this.context.fillRect(width * 0.3, height * 0.3, width * 0.4, height * 0.4);
  }
}

/** The probe in a player. */
export class Stream {
  private presses = 0;

  constructor(private readonly player: PlayfieldPlayer) {}

  /** Waits until it plays. */
  async open(signal: AbortSignal): Promise<void> {
    const { player } = this;
    player.video = 'auto';
    player.watch(PIXEL);
    await new Promise<void>((resolve, reject) => {
      const fail = (text: string) => reject(new Stopped(text));
      setTimeout(() => fail('No picture came within 20 seconds.'), START_MS);
      signal.addEventListener('abort', () => fail('Stopped.'), { once: true });
      player.addEventListener('playfield-firstframe', () => resolve(), { once: true, signal });
      for (const type of ['playfield-end', 'playfield-error']) {
        player.addEventListener(type, (event) => fail((event as CustomEvent<{ detail: string }>).detail.detail), { once: true, signal });
      }
      player.play();
    });
    // Only a player that runs has somebody to tell.
    player.watch(PIXEL);
  }

  /** Presses, and gives the time to the picture, in ms; null: it did not come in time. */
  press(): Promise<number | null> {
    const { player } = this;
    this.presses += 1;
    const wanted = COLOURS[this.presses % 2]!;
    return new Promise((resolve) => {
      const done = (ms: number | null) => {
        clearTimeout(timer);
        player.removeEventListener('playfield-frames', look);
        resolve(ms);
      };
      const look = (event: Event) => {
        const { frames } = (event as CustomEvent<{ frames: { arrivalUs: number; presentUs: number; colour?: number }[] }>).detail;
        const shows = frames.find((frame) => frame.colour === wanted);
        if (shows) done((shows.arrivalUs + shows.presentUs) / 1000 - pressed);
      };
      const timer = setTimeout(() => done(null), PATIENCE_MS);
      player.addEventListener('playfield-frames', look);
      const pressed = performance.now();
      player.send({ keys: ['Space'] });
    });
  }

  release(): void {
    this.player.send({ keys: [] });
  }
}

/** Presses both in turns, so that both are measured under the same load. `tell` hears how many of `count` are done. */
export async function measure(local: LocalCanvas, stream: Stream, count: number, tell: (done: number) => void, signal: AbortSignal): Promise<Found> {
  const found: Found = { floorMs: [], streamMs: [], lost: 0, refreshMs: 0 };
  await pause(SETTLE_MS);
  found.refreshMs = await refresh();
  for (let round = -WARM_UP; round < count; round++) {
    await pause(REST_MS + Math.random() * SPREAD_MS);
    check(signal);
    const here = await local.press();
    await pause(REST_MS + Math.random() * SPREAD_MS);
    check(signal);
    const there = await stream.press();
    // The receipt counts letting go too.
    await pause(REST_MS + Math.random() * SPREAD_MS);
    stream.release();
    if (round < 0) continue;
    found.floorMs.push(here);
    if (there === null) found.lost += 1;
    else found.streamMs.push(there);
    tell(round + 1);
  }
  return found;
}

function check(signal: AbortSignal): void {
  if (signal.aborted) throw new Stopped('Stopped.');
  if (document.hidden) throw new Stopped('This page was in the background, where browsers draw nothing; keep it in front and run it again.');
}

/** The time between two refreshes of the display, in ms. */
async function refresh(): Promise<number> {
  const times: number[] = [];
  while (times.length < 20) times.push(await new Promise<number>((resolve) => requestAnimationFrame(resolve)));
  const gaps = times.slice(1).map((time, i) => time - times[i]!).sort((a, b) => a - b);
  return gaps[gaps.length >> 1]!;
}

/**
 * Waits until a moment that no timer chose: browsers let timers run in step with each other, and a wait in step with
 * the display would always find it at the same place.
 */
async function pause(ms: number): Promise<void> {
  const until = performance.now() + ms;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, ms - 20)));
  const { port1, port2 } = new MessageChannel();
  while (performance.now() < until) {
    await new Promise<unknown>((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
  }
  port1.close();
}
