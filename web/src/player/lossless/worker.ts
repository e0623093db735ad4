// The worker between the lossless track and the screen: datagrams in, pictures on the canvas, acknowledgements and times out. Where the data
// channel is held up, input leaves through here too.
//
// The browser hands it every RTP payload of the track through an encoded transform, untouched and at once; nothing is ever written back, so
// no audio decoder sees our bytes. Pictures are painted when they are whole, without waiting for the next display refresh.

import { CLOCK, MAX_ACKS } from '../wire';
import { Decoder } from './decoder';
import type { FromWorker, ToWorker, TransformOptions, WatchedFrame } from './messages';
import { Painter, toRgba } from './paint';
import { isTile, readShows } from './tiles';

interface Packet {
  data: ArrayBuffer;
}

interface TransformEvent extends Event {
  transformer: { readable: ReadableStream<Packet>; writable: WritableStream<Packet>; options: TransformOptions };
}

interface Scope {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  requestAnimationFrame?(callback: (now: number) => void): number;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  onrtctransform: ((event: TransformEvent) => void) | null;
}

const scope = self as unknown as Scope;
let decoder = new Decoder();
let tiles = new Decoder();
let painter: Painter | null = null;
let generation = -1;
/** What to add to this worker's clock to get the page's, in milliseconds. */
let clockShift = 0;
let waiting: WatchedFrame[] = [];
let watched: { x: number; y: number } | null = null;
let bytesSince = 0;
/** The newest input message, if it has not left. */
let input: ArrayBuffer | null = null;

scope.onmessage = ({ data: message }) => {
  if (message.type === 'init') init(message.canvas, message.timeOrigin);
  else if (message.type === 'connection') begin(message.generation);
  else if (message.type === 'watch') watched = message.pixel;
  else if (message.type === 'zoom') painter?.enlarge(message.zoom);
  else if (message.type === 'input') input = message.data;
  else if (message.generation === generation) datagram(new Uint8Array(message.data));
};

scope.onrtctransform = ({ transformer }) => void (transformer.options.up ? sendInput(transformer) : pump(transformer));

async function pump({ readable, options }: TransformEvent['transformer']): Promise<void> {
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (options.generation === generation) datagram(new Uint8Array(value.data));
  }
}

/** Puts the newest input message in the place of a packet of silence; without one the packet is left out. */
async function sendInput({ readable, writable, options }: TransformEvent['transformer']): Promise<void> {
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (!input || options.generation !== generation) continue;
    value.data = input;
    input = null;
    await writer.write(value);
  }
}

function init(canvas: OffscreenCanvas, timeOrigin: number): void {
  painter = new Painter(canvas);
  clockShift = performance.timeOrigin - timeOrigin;
}

function begin(next: number): void {
  generation = next;
  decoder = new Decoder();
  tiles = new Decoder();
  waiting = [];
  input = null;
}

function datagram(bytes: Uint8Array<ArrayBuffer>): void {
  if (bytes[0] === CLOCK) return scope.postMessage({ type: 'clock', generation, data: bytes.slice().buffer });
  const shows = readShows(bytes);
  if (shows) scope.postMessage({ type: 'shows', generation, shows });
  else if (isTile(bytes)) tile(bytes);
  else pictures(bytes);
}

/** A tile is a picture of its own; where it lies is in the place of the tick. */
function tile(bytes: Uint8Array): void {
  const decoded = tiles.handle(bytes);
  if (!decoded?.picture) return;
  const { number, count, picture } = decoded;
  const { width, height, tick } = picture;
  const painted = picture.missing === 0;
  if (painted) {
    const pixels = new Uint8ClampedArray(width * height * 4);
    toRgba(picture, new Uint32Array(pixels.buffer));
    scope.postMessage({ type: 'tile', generation, tile: { number, x: tick & 0xffff, y: tick >>> 16, width, height, pixels } }, [pixels.buffer]);
  }
  scope.postMessage({ type: 'acks', generation, acks: tiles.acks(MAX_ACKS), picture: number, count, painted: false, whole: painted, width, height, tick, bytes: bytes.length });
}

function pictures(bytes: Uint8Array): void {
  const arrival = now();
  const decoded = decoder.handle(bytes);
  bytesSince += bytes.length;
  if (!decoded) return;
  const { number, count, picture, complete } = decoded;
  if (picture && complete && painter) {
    painter.paint(picture);
    const report = { rtp: false, id: picture.tick, arrivalUs: arrival, decodeUs: now() - arrival, presentUs: 0 };
    shownSoon(watched ? { ...report, colour: painter.colourAt(watched.x, watched.y) } : report);
  }
  const { width, height, tick } = picture ?? { width: 0, height: 0, tick: 0 };
  const size = { width, height, tick, bytes: bytesSince };
  scope.postMessage({ type: 'acks', generation, acks: decoder.acks(MAX_ACKS), picture: number, count, painted: complete, whole: complete, ...size });
  bytesSince = 0;
}

/** Reports a painted picture at the next display refresh, which is the first that can show it. */
function shownSoon(report: WatchedFrame): void {
  waiting.push(report);
  if (waiting.length > 1) return;
  if (scope.requestAnimationFrame) scope.requestAnimationFrame(shown);
  else setTimeout(shown, 0);
}

function shown(): void {
  const at = now();
  const frames = waiting.map((report) => ({ ...report, presentUs: at - report.arrivalUs }));
  waiting = [];
  if (frames.length > 0) scope.postMessage({ type: 'frames', generation, frames });
}

/** The page's time in microseconds. */
function now(): number {
  return Math.round((performance.now() + clockShift) * 1000);
}
