// What the title says to its players: a few sentences at a time over the picture, each for a while.

import { h } from './dom';

const SHOWN_MS = 4000;
const MOST_SHOWN = 3;
/** Further ones wait; a title that says more than that is not listened to. */
const MOST_WAITING = 9;
const LONGEST = 400;

/** Which sentences are there when. It knows no clock: all times come from outside, in ms. */
export class ToastQueue {
  private shown: { text: string; until: number }[] = [];
  private waiting: string[] = [];
  private heldSince: number | null = null;

  /** A sentence that is there, or waits, is not said twice; there, it stays for as long as a new one. */
  say(raw: string, now: number): void {
    const text = raw.trim().slice(0, LONGEST);
    const there = this.shown.find((toast) => toast.text === text);
    if (there) there.until = now + SHOWN_MS;
    else if (text && !this.waiting.includes(text) && this.waiting.length < MOST_WAITING) this.waiting.push(text);
  }

  /** While something lies over the picture, what is said stays. */
  hold(held: boolean, now: number): void {
    if (held) this.heldSince ??= now;
    else if (this.heldSince !== null) {
      for (const toast of this.shown) toast.until += now - Math.max(this.heldSince, toast.until - SHOWN_MS);
      this.heldSince = null;
    }
  }

  /** What is there at that time, the oldest first. */
  poll(now: number): string[] {
    if (this.heldSince === null) this.shown = this.shown.filter(({ until }) => until > now);
    const free = MOST_SHOWN - this.shown.length;
    for (const text of this.waiting.splice(0, free)) this.shown.push({ text, until: now + SHOWN_MS });
    return this.shown.map(({ text }) => text);
  }

  /** When that changes by itself; null: it does not. */
  next(): number | null {
    return this.heldSince !== null || this.shown.length === 0 ? null : Math.min(...this.shown.map(({ until }) => until));
  }

  clear(): void {
    this.shown = [];
    this.waiting = [];
  }
}

export class Toasts {
  /** A status: what comes into it is read out when there is a pause. */
  readonly element = h('div', { class: 'toasts', aria: { role: 'status', live: 'polite' } });
  private readonly queue = new ToastQueue();
  private readonly there = new Map<string, HTMLElement>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  say(text: string): void {
    this.queue.say(text, performance.now());
    this.show();
  }

  hold(held: boolean): void {
    this.queue.hold(held, performance.now());
    this.show();
  }

  clear(): void {
    this.queue.clear();
    this.show();
  }

  /** Those that stay are left alone, so that they are not read out again. */
  private show(): void {
    const texts = this.queue.poll(performance.now());
    for (const [text, element] of this.there) {
      if (texts.includes(text)) continue;
      element.remove();
      this.there.delete(text);
    }
    for (const text of texts) {
      if (this.there.has(text)) continue;
      const element = h('div', { class: 'pill toast' }, h('span', {}, text));
      this.there.set(text, element);
      this.element.append(element);
    }
    if (this.timer !== null) clearTimeout(this.timer);
    const next = this.queue.next();
    this.timer = next === null ? null : setTimeout(() => this.show(), Math.max(0, next - performance.now()) + 1);
  }
}
