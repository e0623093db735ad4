// When an input message leaves: at once on a change and again in the frames after it, else with every third picture or so. The rule, and
// why it is so, is that of crates/playfield-core/src/input/uplink.rs; both are held to the table beside that file. Times in ms.

const SPACING = 4;
const FRAME = 20;
const REPEATS = 3;
const CALM = 60;
const SHARE = 30;
const LINGER = 20;
const PART = 10;
const OVERTAKEN = 10;
const HELD = 40;
const DETOUR = 10_000;
const MOST_WAITING = 8;
const WARY = 1000;

export class Uplink {
  private sentAt = -Infinity;
  private changeAt = Infinity;
  private repeats = 0;
  private oldest: number | null = null;
  private newest = -Infinity;
  private rare = true;
  private waiting = 0;
  private part = false;
  private ready = false;
  private picture: number | null = null;
  private missing: number | null = null;
  private missingSince = 0;
  private waryUntil = -Infinity;
  private carries = false;
  private began: number | null = null;
  private held: number | null = null;
  private detourUntil = -Infinity;

  /** What the player does changed. What is urgent (a press) leaves now. */
  changed(now: number, urgent: boolean): void {
    this.changeAt = Math.min(this.changeAt, urgent ? now : this.spaced(now));
    this.repeats = REPEATS;
  }

  /** One of `count` datagrams of a picture came; with it the picture is whole, or not yet. */
  datagram(now: number, picture: number, count: number, whole: boolean): void {
    this.oldest ??= now;
    if (whole) this.waiting += 1;
    else this.part = true;
    const apart = now - this.newest >= SHARE;
    const rare = apart && this.rare;
    this.rare = apart;
    this.ready ||= (whole && (rare || count > 1)) || now - this.oldest >= SHARE || this.waiting >= MOST_WAITING;
    this.newest = now;
    const ahead = this.picture === null ? 1 : (picture - this.picture) | 0;
    if (ahead > 0) this.picture = picture;
    if (this.missing === picture) this.missing = null;
    else if (this.missing !== null && now - this.missingSince >= OVERTAKEN) {
      this.missing = null;
      this.lost(now);
    }
    if (ahead > 1 && this.missing === null) {
      this.missing = (picture - 1) >>> 0;
      this.missingSince = now;
    }
  }

  /** Something on the path was seen to be lost, or to be held up. */
  lost(now: number): void {
    if (now < this.waryUntil) this.detourUntil = now + DETOUR;
    this.waryUntil = now + WARY;
  }

  /** Something came by the data channel: it is open at both ends, and carries. */
  heard(): void {
    this.carries = true;
  }

  /** When the next message is due. */
  next(): number {
    const busy = this.repeats > 0 || this.sentAt < this.waryUntil;
    const at = this.sentAt + (busy ? FRAME : CALM);
    return Math.min(this.changeAt, this.acknowledgeAt(busy), at);
  }

  private acknowledgeAt(busy: boolean): number {
    if (this.oldest === null) return Infinity;
    if (this.ready || (busy && this.waiting > 0)) return this.spaced(this.newest);
    return this.part ? this.spaced(this.oldest + PART) : this.newest + LINGER;
  }

  /** A message leaves, by the data channel if that is open; bytes of those before still wait in the data channel, or not. Returns whether it is to go by the track as well. */
  sent(now: number, waits: boolean): boolean {
    this.held = waits ? (this.held ?? now) : null;
    if (this.held !== null && now - this.held >= HELD) {
      this.lost(now);
      this.detourUntil = now + DETOUR;
    }
    if (this.changeAt === Infinity) this.repeats = Math.max(0, this.repeats - 1);
    this.changeAt = Infinity;
    this.sentAt = now;
    this.oldest = null;
    this.waiting = 0;
    this.part = this.ready = false;
    this.began ??= now;
    return (!this.carries && now - this.began >= HELD) || now < this.detourUntil;
  }

  private spaced(at: number): number {
    return Math.max(at, this.sentAt + SPACING);
  }
}
