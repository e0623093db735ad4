// Sound, in an element and a stream of its own, so that keeping it in step never delays the picture.
//
// Browsers let a page sound only after a person touched it. Until then the sound is off and the person is told how to have it.

import { keepSettings, settings } from './settings';

const GESTURES = ['pointerup', 'keydown', 'touchend'] as const;

export class Sound {
  private readonly audio = new Audio();
  private waiting: AbortController | null = null;
  private off: boolean;
  private quiet: boolean;
  private hidden = false;
  /** Whether the browser waits for a gesture; called when that changes. */
  onblocked: (blocked: boolean) => void = () => {};

  constructor() {
    const { volume, muted, quietHidden } = settings();
    this.off = muted;
    this.quiet = quietHidden;
    this.audio.volume = volume;
    this.audio.autoplay = true;
    this.apply();
  }

  /** As the person wants it; a hidden page may be silent all the same. */
  get muted(): boolean {
    return this.off;
  }

  set muted(muted: boolean) {
    this.off = muted;
    keepSettings({ muted });
    this.apply();
    if (!muted) void this.play();
  }

  /** Muted by the page; what the person chose stays as it is. */
  silence(): void {
    this.off = true;
    this.apply();
  }

  /** No sound while the page is hidden. */
  get quietHidden(): boolean {
    return this.quiet;
  }

  set quietHidden(quiet: boolean) {
    this.quiet = quiet;
    keepSettings({ quietHidden: quiet });
    this.apply();
  }

  get volume(): number {
    return this.audio.volume;
  }

  set volume(volume: number) {
    this.audio.volume = Math.min(1, Math.max(0, volume));
    keepSettings({ volume: this.audio.volume });
  }

  /** The page was hidden, or is seen again. */
  setHidden(hidden: boolean): void {
    this.hidden = hidden;
    this.apply();
  }

  useTrack(track: MediaStreamTrack): void {
    this.audio.srcObject = new MediaStream([track]);
    void this.play();
  }

  close(): void {
    this.stopWaiting();
    this.audio.srcObject = null;
  }

  private apply(): void {
    this.audio.muted = this.off || (this.quiet && this.hidden);
  }

  private async play(): Promise<void> {
    try {
      await this.audio.play();
      this.stopWaiting();
    } catch (error) {
      if ((error as DOMException).name === 'NotAllowedError') this.wait();
    }
  }

  private wait(): void {
    if (this.waiting) return;
    const waiting = new AbortController();
    this.waiting = waiting;
    for (const type of GESTURES) addEventListener(type, () => void this.play(), { signal: waiting.signal, capture: true });
    if (!this.muted) this.onblocked(true);
  }

  private stopWaiting(): void {
    this.waiting?.abort();
    this.waiting = null;
    this.onblocked(false);
  }
}
