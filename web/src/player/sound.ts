// Sound, in an element and a stream of its own, so that keeping it in step never delays the picture.
//
// Browsers let a page sound only after a person touched it. Until then the sound is off and the person is told how to have it.

import { keepSettings, settings } from './storage';

const GESTURES = ['pointerup', 'keydown', 'touchend'] as const;

export class Sound {
  private readonly audio = new Audio();
  private waiting: AbortController | null = null;
  /** Whether the browser waits for a gesture; called when that changes. */
  onblocked: (blocked: boolean) => void = () => {};

  constructor() {
    const { volume, muted } = settings();
    this.audio.volume = volume;
    this.audio.muted = muted;
    this.audio.autoplay = true;
  }

  get muted(): boolean {
    return this.audio.muted;
  }

  set muted(muted: boolean) {
    this.audio.muted = muted;
    keepSettings({ muted });
    if (!muted) void this.play();
  }

  get volume(): number {
    return this.audio.volume;
  }

  set volume(volume: number) {
    this.audio.volume = Math.min(1, Math.max(0, volume));
    keepSettings({ volume: this.audio.volume });
  }

  useTrack(track: MediaStreamTrack): void {
    this.audio.srcObject = new MediaStream([track]);
    void this.play();
  }

  close(): void {
    this.stopWaiting();
    this.audio.srcObject = null;
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
