// The binary messages of docs/reference/wire.md: the input message is written here, the clock message is read.
//
// The writer keeps one buffer and writes into it again and again, since this happens at least once a picture.

import type { ClockEstimate } from './clock';

const INPUT = 1;
export const CLOCK = 2;
const UNKNOWN_ERROR = 0xffffffff;
/** Room for every section at its largest. */
const CAPACITY = 4096;

export const MAX_ACKS = 16;
export const MAX_FRAMES = 64;
export const MAX_TOUCHES = 20;
export const MAX_MORE_PADS = 3;
export const BUTTONS = 16;

/** A gamepad. Axes -32767 (left, up) to 32767, triggers 0 to 255, presses of each button modulo 256. */
export interface PadState {
  buttons: number;
  lx: number;
  ly: number;
  rx: number;
  ry: number;
  l2: number;
  r2: number;
  presses: Uint8Array;
}

/** A key in use: HID usage, and presses modulo 128. */
export interface KeyState {
  usage: number;
  held: boolean;
  presses: number;
}

/** A mouse. Position 0 to 65535 across the picture; totals in 1/16 pixel of the picture and 120 a wheel notch. */
export interface PointerState {
  locked: boolean;
  x: number;
  y: number;
  totalDx: number;
  totalDy: number;
  totalWheelX: number;
  totalWheelY: number;
  buttons: number;
  presses: Uint8Array;
}

/** A finger, down or just lifted. Position 0 to 65535 across the picture. */
export interface TouchState {
  id: number;
  down: boolean;
  x: number;
  y: number;
}

/** Which datagrams of a picture came: bit i of the little-endian number in `bits` is datagram i. */
export interface Ack {
  picture: number;
  bits: Uint8Array;
}

/** When a picture came and was shown; times in microseconds of the viewer's clock. */
export interface FrameReport {
  /** The id is an RTP timestamp, else a tick. */
  rtp: boolean;
  id: number;
  arrivalUs: number;
  decodeUs: number;
  presentUs: number;
}

/** What goes into one input message. State that is not in use is left out. */
export interface InputMessage {
  seq: number;
  sentUs: number;
  clock: ClockEstimate | null;
  pad?: PadState;
  keys?: KeyState[];
  pointer?: PointerState;
  touches?: TouchState[];
  /** Pads of the seats beyond the first, in order. */
  morePads?: PadState[];
  acks?: Ack[];
  frames?: FrameReport[];
}

export interface ClockMessage {
  seq: number;
  viewerSentUs: number;
  nodeReceivedUs: number;
  nodeSentUs: number;
}

export class InputWriter {
  private readonly view = new DataView(new ArrayBuffer(CAPACITY));
  private at = 0;

  /** The message's bytes, valid until the next call. */
  write(message: InputMessage): Uint8Array<ArrayBuffer> {
    this.at = 0;
    this.header(message);
    if (message.pad) this.section(1, () => this.pad(0, message.pad!));
    if (message.keys) this.section(2, () => message.keys!.slice(0, 256).forEach((key) => this.key(key)));
    if (message.pointer) this.section(3, () => this.pointer(message.pointer!));
    if (message.touches) this.section(4, () => message.touches!.slice(0, MAX_TOUCHES).forEach((t) => this.touch(t)));
    if (message.acks?.length) this.section(5, () => message.acks!.slice(0, MAX_ACKS).forEach((a) => this.ack(a)));
    if (message.frames?.length) this.section(6, () => message.frames!.slice(0, MAX_FRAMES).forEach((f) => this.frame(f)));
    if (message.morePads?.length) this.section(7, () => message.morePads!.slice(0, MAX_MORE_PADS).forEach((pad, i) => this.pad(i + 1, pad)));
    return new Uint8Array(this.view.buffer as ArrayBuffer, 0, this.at);
  }

  private header(message: InputMessage): void {
    this.u8(INPUT);
    this.u8(0);
    this.u32(message.seq);
    this.u64(message.sentUs);
    this.i64(message.clock?.offsetUs ?? 0);
    this.u32(message.clock?.errorUs ?? UNKNOWN_ERROR);
  }

  private section(kind: number, body: () => void): void {
    this.u8(kind);
    const length = this.at;
    this.u16(0);
    body();
    this.view.setUint16(length, this.at - length - 2, true);
  }

  private pad(index: number, pad: PadState): void {
    this.u8(index);
    this.u16(pad.buttons);
    for (const axis of [pad.lx, pad.ly, pad.rx, pad.ry]) this.i16(axis);
    this.u8(pad.l2);
    this.u8(pad.r2);
    this.bytes(pad.presses);
  }

  private key(key: KeyState): void {
    this.u8(key.usage);
    this.u8((key.presses % 128) * 2 + (key.held ? 1 : 0));
  }

  private pointer(pointer: PointerState): void {
    this.u8(pointer.locked ? 1 : 0);
    this.u16(pointer.x);
    this.u16(pointer.y);
    for (const total of [pointer.totalDx, pointer.totalDy, pointer.totalWheelX, pointer.totalWheelY]) this.i32(total);
    this.u8(pointer.buttons);
    this.bytes(pointer.presses);
  }

  private touch(touch: TouchState): void {
    this.u8(touch.id);
    this.u8(touch.down ? 1 : 0);
    this.u16(touch.x);
    this.u16(touch.y);
  }

  private ack(ack: Ack): void {
    this.u32(ack.picture);
    this.u8(ack.bits.length);
    this.bytes(ack.bits);
  }

  private frame(frame: FrameReport): void {
    this.u8(frame.rtp ? 1 : 0);
    this.u32(frame.id);
    this.u64(frame.arrivalUs);
    this.u32(clampU32(frame.decodeUs));
    this.u32(clampU32(frame.presentUs));
  }

  private u8(value: number): void {
    this.view.setUint8(this.at, value);
    this.at += 1;
  }

  private u16(value: number): void {
    this.view.setUint16(this.at, value, true);
    this.at += 2;
  }

  private i16(value: number): void {
    this.view.setInt16(this.at, value, true);
    this.at += 2;
  }

  private u32(value: number): void {
    this.view.setUint32(this.at, value >>> 0, true);
    this.at += 4;
  }

  /** A running total; past 32 bits it wraps. */
  private i32(value: number): void {
    this.view.setInt32(this.at, value | 0, true);
    this.at += 4;
  }

  private u64(value: number): void {
    this.view.setBigUint64(this.at, BigInt(Math.max(0, Math.round(value))), true);
    this.at += 8;
  }

  private i64(value: number): void {
    this.view.setBigInt64(this.at, BigInt(Math.round(value)), true);
    this.at += 8;
  }

  private bytes(bytes: Uint8Array): void {
    new Uint8Array(this.view.buffer).set(bytes, this.at);
    this.at += bytes.length;
  }
}

/** The clock message in `data`, or null if it is none. */
export function readClock(data: ArrayBuffer): ClockMessage | null {
  const view = new DataView(data);
  if (data.byteLength < 30 || view.getUint8(0) !== CLOCK) return null;
  return {
    seq: view.getUint32(2, true),
    viewerSentUs: Number(view.getBigUint64(6, true)),
    nodeReceivedUs: Number(view.getBigUint64(14, true)),
    nodeSentUs: Number(view.getBigUint64(22, true)),
  };
}

function clampU32(value: number): number {
  return Math.min(UNKNOWN_ERROR, Math.max(0, Math.round(value)));
}
