// A peer connection made ready before anybody asks for it, because making one (keys, offer, worker) is most of the way to the first picture.

import { Link } from './connection';
import { Lossless } from './lossless';

/** After this long the addresses in an offer may be of a network we have left, in ms. */
const STALE_MS = 120_000;

export interface Warm {
  lossless: Lossless;
  link: Link;
}

let ready: Warm | null = null;

/** Whether this browser can play at all. */
export function canPlay(): boolean {
  return typeof RTCPeerConnection !== 'undefined' && typeof Worker !== 'undefined';
}

/** Makes a connection ready for the next player to start. Cheap to call again. */
export function prewarm(): void {
  if (!canPlay()) return;
  if (ready && isFresh(ready)) return;
  discard();
  ready = make();
}

/** The ready connection, or one made now. */
export function takeWarm(): Warm {
  const warm = ready && isFresh(ready) ? ready : null;
  if (warm) ready = null;
  else discard();
  return warm ?? make();
}

function make(): Warm {
  const lossless = new Lossless();
  return { lossless, link: new Link(lossless) };
}

function isFresh({ link }: Warm): boolean {
  return link.usable && performance.now() - link.madeAt < STALE_MS;
}

function discard(): void {
  ready?.link.close();
  ready?.lossless.close();
  ready = null;
}
