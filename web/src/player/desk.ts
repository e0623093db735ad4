// What a program has besides pictures, sound and input: a pointer that it draws, a mouse that it locks, a clipboard, a screen that
// follows the window.

import type { FromViewer, ToViewer } from '../api';
import { h } from './dom';
import type { Size } from './fit';
import { pieces } from './input/text';
import type { Surface } from './surface';

export type DeskMessage = Extract<ToViewer, { type: 'cursor' | 'lock' | 'clipboard' | 'pasted' | 'answers' }>;

/** Screen pixels that a CSS pixel counts for, at most: small writing stays readable, and what is not there need not be sent. */
const MOST_RATIO = 1.5;
/** The largest screen, and the smallest side, in pixels (playfield_core::frame). */
const LARGEST: Size = { width: 1920, height: 1080 };
const SMALLEST = 64;
/** How long a window keeps its size before the screen takes it, in ms. */
const SETTLES_MS = 200;
/** The longest side of a pointer that browsers draw, in CSS pixels. */
const MOST_CURSOR = 128;
/** Longest clipboard, in bytes, and what a message has room for (playfield_core::desk). */
const MOST_TEXT = 1 << 20;
const PIECE = 2048;
/** How long keys that paste wait for the browser to say what, and for the program to have it, in ms. */
const BROWSER_MS = 150;
const PROGRAM_MS = 2000;
/** Between keys that had to wait, in ms: a program must see them one after the other. */
const APART_MS = 25;

/** The screen a program gets for this much room: in its shape, even, as pictures are. */
export function screenFor({ width, height }: Size, ratio: number): Size {
  const wanted = Math.min(ratio, MOST_RATIO);
  const scale = Math.min(wanted, LARGEST.width / width, LARGEST.height / height);
  const side = (length: number) => Math.max(SMALLEST, Math.floor((length * scale) / 2) * 2);
  return { width: side(width), height: side(height) };
}

/** Whether the keys of this event paste, as programs have it. */
export function pastes({ code, ctrlKey, shiftKey, altKey, metaKey }: KeyboardEvent): boolean {
  if (altKey) return false;
  return (code === 'KeyV' && (ctrlKey || metaKey)) || (code === 'Insert' && shiftKey && !ctrlKey);
}

export interface DeskHooks {
  say(message: FromViewer): void;
  /** Whether the screen is ours to size, now. */
  sizes(): boolean;
  /** Whether we may exchange text with the program. */
  exchanges(): boolean;
  /** Whether we move its pointer. */
  points(): boolean;
  /** A key of the program's. */
  key(event: KeyboardEvent): void;
  /** What lasts is another now: the lock is wanted, or is not. */
  standing(): void;
  tell(text: string): void;
  /** A button for something that the browser wants a click for. */
  offer(text: string, act: () => void): void;
}

export class Desk {
  /** The program wants the mouse locked. */
  locks = false;
  private cursor: Extract<DeskMessage, { type: 'cursor' }> | null = null;
  private readonly image = new Image();
  private copied: string[] = [];
  private copiedLength = 0;
  /** Keys that wait until the program has what they paste. */
  private waiting: KeyboardEvent[] | null = null;
  private waits: ReturnType<typeof setTimeout> | null = null;
  private settles: ReturnType<typeof setTimeout> | null = null;
  private readonly resizes = new ResizeObserver(() => this.settle());

  constructor(
    private readonly stage: HTMLElement,
    private readonly surface: Surface,
    private readonly hooks: DeskHooks,
    signal: AbortSignal,
  ) {
    this.resizes.observe(stage);
    this.image.onload = () => this.draw();
    surface.onfit = () => this.draw();
    document.addEventListener('paste', (event) => this.pasted(event), { signal, capture: true });
    document.addEventListener('pointerlockchange', () => hooks.standing(), { signal });
    signal.addEventListener('abort', () => this.close());
  }

  hear(message: DeskMessage): void {
    if (message.type === 'cursor') {
      this.cursor = message;
      if (message.image) this.image.src = `data:image/png;base64,${message.image.png}`;
      this.draw();
    } else if (message.type === 'lock') {
      this.locks = message.wanted;
      if (!this.locks && document.pointerLockElement) document.exitPointerLock();
      this.hooks.standing();
    } else if (message.type === 'clipboard') this.copy(message.text, message.more ?? false);
    else if (message.type === 'pasted') this.drain();
  }

  /** What we may do is another now, or a connection is new. */
  changed(): void {
    // Told again where it is so.
    this.locks = false;
    this.draw();
    this.settle();
  }

  /** Whether a key waits, since it pastes or comes after one that does. */
  holds(event: KeyboardEvent): boolean {
    if (this.waiting) {
      this.waiting.push(event);
      return true;
    }
    if (event.type !== 'keydown' || event.repeat || !pastes(event) || !this.hooks.exchanges()) return false;
    this.waiting = [event];
    this.wait(BROWSER_MS);
    return true;
  }

  /** Everything is let go of. */
  release(): void {
    this.waiting = null;
    this.wait(null);
  }

  private close(): void {
    this.resizes.disconnect();
    this.release();
    if (this.settles !== null) clearTimeout(this.settles);
    this.surface.onfit = () => {};
    this.stage.style.cursor = '';
  }

  private settle(): void {
    if (this.settles !== null) clearTimeout(this.settles);
    this.settles = setTimeout(() => {
      const { clientWidth: width, clientHeight: height } = this.stage;
      if (!this.hooks.sizes() || width === 0 || height === 0) return;
      this.hooks.say({ type: 'resize', ...screenFor({ width, height }, devicePixelRatio || 1) });
    }, SETTLES_MS);
  }

  /** Browsers leave out what they do not understand: the last one they do holds. */
  private draw(): void {
    const { style } = this.stage;
    style.cursor = '';
    if (!this.cursor || !this.hooks.points()) return;
    const { name, image } = this.cursor;
    style.cursor = name;
    if (!image || !this.image.naturalWidth || !this.image.complete) return;
    const box = this.surface.box();
    const { naturalWidth, naturalHeight } = this.image;
    const scale = Math.min(box.width / box.pictureWidth, MOST_CURSOR / Math.max(naturalWidth, naturalHeight));
    const ratio = devicePixelRatio || 1;
    const side = (length: number) => Math.max(1, Math.round(length * scale * ratio));
    const canvas = h('canvas', { width: side(naturalWidth), height: side(naturalHeight) });
    canvas.getContext('2d')!.drawImage(this.image, 0, 0, canvas.width, canvas.height);
    const url = `url(${canvas.toDataURL()})`;
    const place = `${Math.floor(image.x * scale)} ${Math.floor(image.y * scale)}, ${name}`;
    if (ratio === 1) style.cursor = `${url} ${place}`;
    else for (const set of ['-webkit-image-set', 'image-set']) style.cursor = `${set}(${url} ${ratio}x) ${place}`;
  }

  private copy(piece: string, more: boolean): void {
    this.copiedLength += piece.length;
    if (this.copiedLength <= MOST_TEXT) this.copied.push(piece);
    if (more) return;
    const text = this.copied.join('');
    [this.copied, this.copiedLength] = [[], 0];
    if (text && this.hooks.exchanges()) void this.takeOver(text);
  }

  /** Into this device's clipboard: by itself where somebody has just done something here, else by a button. */
  private async takeOver(text: string): Promise<void> {
    const write = async () => navigator.clipboard.writeText(text);
    const done = () => this.hooks.tell('Copied to this device.');
    const { userActivation } = navigator as Navigator & { userActivation?: UserActivation };
    if (document.hasFocus() && (userActivation?.isActive ?? true)) {
      if (await write().then(() => true, () => false)) return done();
    }
    this.hooks.offer('Copy to this device', () => void write().then(done, () => (copyByHand(text) ? done() : this.hooks.tell('This browser does not let pages copy.'))));
  }

  private pasted(event: ClipboardEvent): void {
    if (!this.waiting) return;
    event.preventDefault();
    event.stopPropagation();
    const text = event.clipboardData?.getData('text/plain').replaceAll('\r\n', '\n') ?? '';
    // Without a text there is nothing that the program's own clipboard should give way to.
    if (!text) return this.drain();
    if (new Blob([text]).size > MOST_TEXT) {
      this.hooks.tell('That is too much to paste: at most 1 MiB.');
      return this.release();
    }
    const all = pieces(text, PIECE);
    all.forEach((piece, nth) => this.hooks.say({ type: 'clipboard', text: piece, more: nth + 1 < all.length }));
    this.wait(PROGRAM_MS);
  }

  private wait(ms: number | null): void {
    if (this.waits !== null) clearTimeout(this.waits);
    this.waits = ms === null ? null : setTimeout(() => this.drain(), ms);
  }

  /** Keys that waited go on, one after the other; keys that come meanwhile come after them. */
  private drain(): void {
    const event = this.waiting?.shift();
    this.wait(null);
    if (event) this.hooks.key(event);
    if (this.waiting?.length) this.wait(APART_MS);
    else this.waiting = null;
  }
}

/** For pages that browsers give no clipboard, since they came by plain HTTP. */
function copyByHand(text: string): boolean {
  const field = h('textarea', { value: text, class: 'text-field' });
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}
