// Input messages: what they carry, and that each leaves when it is due.

import type { InputKind } from '../../api';
import { nowUs, type Clock } from '../clock';
import { InputWriter, MAX_FRAMES, type Ack, type FrameReport } from '../wire';
import type { InputState } from './state';
import { Uplink } from './uplink';

/** What carries messages to the node. */
export interface Way {
  /** Whether of those before something still waits to leave. */
  waits(): boolean;
  /** `heldUp`: also by the way that is never held up. False if the message could not leave. */
  deliver(bytes: Uint8Array<ArrayBuffer>, heldUp: boolean): boolean;
}

export class Sender {
  private readonly writer = new InputWriter();
  /** It goes on over all connections of a page, and begins somewhere, so that a page that is loaded anew does not seem to go on. */
  private seq = crypto.getRandomValues(new Uint32Array(1))[0]!;
  private acks: Ack[] = [];
  private frames: FrameReport[] = [];
  private uplink = new Uplink();
  private running = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private timerAt = Infinity;

  constructor(
    private readonly state: InputState,
    private readonly clock: () => Clock,
    private readonly kinds: () => ReadonlySet<InputKind>,
    private readonly way: Way,
  ) {}

  start(): void {
    this.stop();
    this.running = true;
    this.uplink = new Uplink();
    this.sendIfDue();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timerAt = Infinity;
    this.running = false;
    this.acks = [];
    this.frames = [];
  }

  /** Something changed. What is urgent (a press) goes now, the rest within a few milliseconds. */
  changed(urgent: boolean): void {
    this.uplink.changed(performance.now(), urgent);
    this.sendIfDue();
  }

  /** One of `count` datagrams of a picture came; with it the picture is whole, or not yet. */
  acknowledge(acks: Ack[], picture: number, count: number, whole: boolean): void {
    this.acks = acks;
    this.uplink.datagram(performance.now(), picture, count, whole);
    this.sendIfDue();
  }

  /** Something came by the input channel. */
  heard(): void {
    this.uplink.heard();
  }

  report(frames: FrameReport[]): void {
    this.frames.push(...frames);
    if (this.frames.length > MAX_FRAMES) this.frames.splice(0, this.frames.length - MAX_FRAMES);
  }

  /** Sends, or comes back when it is time: also in hidden pages, where no display refresh would drive us. */
  private sendIfDue(): void {
    if (!this.running) return;
    if (this.uplink.next() <= performance.now()) this.send();
    const at = this.uplink.next();
    // A timer that fires too soon looks again.
    if (this.timerAt <= at) return;
    clearTimeout(this.timer);
    this.timerAt = at;
    this.timer = setTimeout(() => {
      this.timerAt = Infinity;
      this.sendIfDue();
    }, at - performance.now());
  }

  private send(): void {
    const bytes = this.writer.write({
      seq: (this.seq + 1) >>> 0,
      sentUs: nowUs(),
      clock: this.clock().estimate(),
      ...this.state.sections(this.kinds()),
      acks: this.acks,
      frames: this.frames,
    });
    // What cannot leave now is said again by the next one, which is no sooner due for that.
    const heldUp = this.uplink.sent(performance.now(), this.way.waits());
    if (!this.way.deliver(bytes, heldUp)) return;
    this.seq = (this.seq + 1) >>> 0;
    this.frames = [];
  }
}
