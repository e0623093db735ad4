// What the page and the lossless worker say to each other.

import type { Tile } from '../exact';
import type { Zoom } from '../fit';
import type { Ack, FrameReport } from '../wire';
import type { Shows } from './tiles';

export type ToWorker =
  /** Once, first. `timeOrigin` is the page's: the worker's own clock began later. */
  | { type: 'init'; canvas: OffscreenCanvas; timeOrigin: number }
  /** A new connection: what came over an older one does not count any more. */
  | { type: 'connection'; generation: number }
  /** From now on the colour of this pixel comes with each picture's report; null: no longer. */
  | { type: 'watch'; pixel: { x: number; y: number } | null }
  /** From now on each pixel is drawn so many times as wide and high. */
  | { type: 'zoom'; zoom: Zoom }
  /** The newest input message, to leave by the track. */
  | { type: 'input'; data: ArrayBuffer }
  /** A datagram that came over the data channel. */
  | { type: 'datagram'; generation: number; data: ArrayBuffer };

export type FromWorker =
  /** One of `count` datagrams of a picture came: what to acknowledge. `whole`: with it the picture was; `painted`: and it is on the canvas. */
  | { type: 'acks'; generation: number; acks: Ack[]; picture: number; count: number; painted: boolean; whole: boolean } & Size
  /** A tile of what stands still of a video. */
  | { type: 'tile'; generation: number; tile: Tile }
  /** Which tiles a picture of the video shows exactly. */
  | { type: 'shows'; generation: number; shows: Shows }
  /** A clock reply that came by the track. */
  | { type: 'clock'; generation: number; data: ArrayBuffer }
  /** Pictures reached the screen. */
  | { type: 'frames'; generation: number; frames: WatchedFrame[] };

interface Size {
  width: number;
  height: number;
  tick: number;
  /** That came since the last of these messages. */
  bytes: number;
}

export interface WatchedFrame extends FrameReport {
  /** The watched pixel, 0xRRGGBB. */
  colour?: number;
}

/** What an encoded transform tells the worker about itself. */
export interface TransformOptions {
  generation: number;
  /** It is of what we send. */
  up: boolean;
}
