// When an input message leaves, and what it carries: at once when something changed, and at least once a picture.
//
// Motion comes faster than anybody needs (mice report up to 8,000 times a second), so messages that are not urgent keep a distance. Acknowledgements
// make a message due too: the sooner the node knows what came, the smaller the next delta.

import type { InputKind } from '../../api';
import { nowUs, type Clock } from '../clock';
import { InputWriter, MAX_FRAMES, type Ack, type FrameReport } from '../wire';
import type { InputState } from './state';

/** Least distance of messages that are not urgent, in ms. */
const SPACING_MS = 4;
/** A message leaves at least this often, in ms, even where no display refresh drives us (hidden pages). */
const HEARTBEAT_MS = 50;
/** A display refresh sends only if nothing else did within this time, in ms. */
const QUIET_MS = 12;

export class Sender {
  private readonly writer = new InputWriter();
  private seq = 0;
  private acks: Ack[] = [];
  private frames: FrameReport[] = [];
  private lastSent = -Infinity;
  private later: ReturnType<typeof setTimeout> | null = null;
  private heartbeat: ReturnType<typeof setInterval> | null = null;
  private animation = 0;

  constructor(
    private readonly state: InputState,
    private readonly clock: () => Clock,
    private readonly kinds: () => ReadonlySet<InputKind>,
    private readonly deliver: (bytes: Uint8Array<ArrayBuffer>) => boolean,
  ) {}

  start(): void {
    this.stop();
    this.heartbeat = setInterval(() => this.ifQuiet(HEARTBEAT_MS - 5), HEARTBEAT_MS);
    const refresh = () => {
      this.ifQuiet(QUIET_MS);
      this.animation = requestAnimationFrame(refresh);
    };
    this.animation = requestAnimationFrame(refresh);
    this.send();
  }

  stop(): void {
    if (this.heartbeat !== null) clearInterval(this.heartbeat);
    if (this.later !== null) clearTimeout(this.later);
    cancelAnimationFrame(this.animation);
    this.heartbeat = this.later = null;
    this.acks = [];
    this.frames = [];
  }

  /** Something changed. What is urgent (a press) goes now, the rest within a few milliseconds. */
  changed(urgent: boolean): void {
    const wait = SPACING_MS - (performance.now() - this.lastSent);
    if (urgent || wait <= 0) this.send();
    else this.later ??= setTimeout(() => this.send(), wait);
  }

  /** Datagrams came; `due` sends the acknowledgements now. */
  acknowledge(acks: Ack[], due: boolean): void {
    this.acks = acks;
    if (due) this.changed(false);
  }

  report(frames: FrameReport[]): void {
    this.frames.push(...frames);
    if (this.frames.length > MAX_FRAMES) this.frames.splice(0, this.frames.length - MAX_FRAMES);
  }

  private ifQuiet(ms: number): void {
    if (performance.now() - this.lastSent >= ms) this.send();
  }

  private send(): void {
    if (this.later !== null) clearTimeout(this.later);
    this.later = null;
    const bytes = this.writer.write({
      seq: this.seq + 1,
      sentUs: nowUs(),
      clock: this.clock().estimate(),
      ...this.state.sections(this.kinds()),
      acks: this.acks,
      frames: this.frames,
    });
    if (!this.deliver(bytes)) return;
    this.seq = (this.seq + 1) >>> 0;
    this.frames = [];
    this.lastSent = performance.now();
  }
}
