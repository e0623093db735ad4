// A sheet over the picture: the menu and the end screens. Arrow keys and the pad move its focus.

import { h } from './dom';
import type { Move } from './steer';

export class Sheet {
  readonly element = h('div', { class: 'sheet', hidden: true, aria: { role: 'dialog', modal: 'true' } });
  /** While set, it gets the keys, and they do nothing else. */
  capture: ((event: KeyboardEvent) => void) | null = null;
  private back: (() => void) | null = null;
  /** Something lies over the picture now, or no longer. */
  onopen: (open: boolean) => void = () => {};

  constructor() {
    this.element.addEventListener('keydown', (event) => this.key(event));
    // Space presses a button when it is let go, so that has to be kept from it too.
    this.element.addEventListener('keyup', (event) => this.capture && event.preventDefault());
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  /** A press is waited for: steering must not take it. */
  get listening(): boolean {
    return this.capture !== null;
  }

  /**
   * Shows what `content` makes; `back` is what Escape and the pad's B do, if they may do anything. Shown `again`, the focus and the place in it stay:
   * the focus with what has the same key, where there is one.
   */
  show(label: string, content: () => HTMLElement, back: (() => void) | null, again = false): void {
    const focused = again ? this.focused() : null;
    const before = again ? this.controls().indexOf(focused!) : -1;
    const keyed = focused?.closest<HTMLElement>('[data-key]');
    const within = keyed ? controlsIn(keyed).indexOf(focused!) : 0;
    const scrolled = again ? (this.scroller?.scrollTop ?? 0) : 0;
    this.back = back;
    this.element.setAttribute('aria-label', label);
    this.element.replaceChildren(content());
    this.element.hidden = false;
    const controls = this.controls();
    // The way back is first, but not what one came for; nor does one come to type.
    const at = before >= 0 ? before : controls.findIndex((control) => !control.matches('.back, [type=search]'));
    const same = keyed && this.keyed(keyed.dataset.key!);
    const next = (same && controlsIn(same)[within]) ?? controls[Math.min(Math.max(at, 0), controls.length - 1)];
    next?.focus({ preventScroll: again });
    if (this.scroller) this.scroller.scrollTop = scrolled;
    if (!again) this.element.scrollTop = 0;
    this.onopen(true);
  }

  /** Gives the focus to what has that key, and brings it into view. */
  focusKey(key: string): void {
    const keyed = this.keyed(key);
    if (!keyed) return;
    controlsIn(keyed)[0]?.focus({ preventScroll: true });
    // `scrollIntoView` would move the page around the player too.
    const { scroller } = this;
    const middle = (element: HTMLElement) => element.getBoundingClientRect().top + element.clientHeight / 2;
    if (scroller) scroller.scrollTop += middle(keyed) - middle(scroller);
  }

  /** Gives the focus to what fits. */
  focusOn(selector: string): void {
    this.element.querySelector<HTMLElement>(selector)?.focus();
  }

  hide(): void {
    this.element.hidden = true;
    this.element.replaceChildren();
    this.element.removeAttribute('data-clear');
    this.back = this.capture = null;
    this.onopen(false);
  }

  move(move: Move): void {
    const focused = this.focused();
    if (move === 'back') return this.back?.();
    if (move === 'accept') return focused?.click();
    if (move === 'search') return this.focusOn('[type=search]');
    if (move === 'details') return;
    if (move === 'up' || move === 'down') return this.step(move === 'up' ? -1 : 1, focused);
    if (focused instanceof HTMLInputElement && focused.type === 'range') return nudge(focused, move);
    this.slide(move === 'left' ? -1 : 1, focused);
  }

  /** To the line above or below, there to what is chosen or lies in the same place. */
  private step(by: number, focused: HTMLElement | null): void {
    const lines = this.lines();
    const at = lines.findIndex((line) => line.includes(focused!));
    const column = lines[at]?.indexOf(focused!) ?? 0;
    const line = lines[(at + by + lines.length) % lines.length];
    const chosen = line?.find((control) => control.getAttribute('aria-pressed') === 'true');
    (chosen ?? line?.[Math.min(column, line.length - 1)])?.focus();
  }

  /** To what is beside it in the same line. */
  private slide(by: number, focused: HTMLElement | null): void {
    const line = this.lines().find((line) => line.includes(focused!));
    if (line && line.length > 1) line[line.indexOf(focused!) + by]?.focus();
    else this.step(by, focused);
  }

  private focused(): HTMLElement | null {
    return (this.element.getRootNode() as ShadowRoot).activeElement as HTMLElement | null;
  }

  private controls(): HTMLElement[] {
    return controlsIn(this.element);
  }

  /** What scrolls inside the sheet, where it is not the sheet itself. */
  private get scroller(): HTMLElement | null {
    return this.element.querySelector<HTMLElement>('[data-scroll]');
  }

  /** Keys may hold anything, so no selector is made of them. */
  private keyed(key: string): HTMLElement | undefined {
    return [...this.element.querySelectorAll<HTMLElement>('[data-key]')].find(({ dataset }) => dataset.key === key);
  }

  /** What can have the focus, line by line. */
  private lines(): HTMLElement[][] {
    const lines = new Map<Element | number, HTMLElement[]>();
    for (const control of this.controls()) {
      // What lies in a grid has those beside it in its line, however wide it is.
      const line = control.matches('.slot') ? control.offsetTop : control.closest('.setting') ?? control.closest('.choice, .binding, .ways') ?? control;
      lines.set(line, [...(lines.get(line) ?? []), control]);
    }
    return [...lines.values()];
  }

  private key(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLInputElement && ['search', 'text'].includes(event.target.type) && !event.target.readOnly;
    const keys: Record<string, Move> = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right', Escape: 'back' };
    const move = keys[event.key];
    event.stopPropagation();
    if (this.capture) {
      event.preventDefault();
      return this.capture(event);
    }
    if (event.key === 'Tab') return this.keepInside(event);
    const entered = typing && event.key === 'Enter';
    if (!entered && (!move || (typing && (move === 'left' || move === 'right')))) return;
    // What gets the focus now must not be pressed by the same key.
    event.preventDefault();
    this.move(move ?? 'down');
  }

  /** The sheet is modal: Tab goes round inside it. */
  private keepInside(event: KeyboardEvent): void {
    event.preventDefault();
    const controls = this.controls();
    const at = controls.indexOf(this.focused()!);
    controls[(at + (event.shiftKey ? -1 : 1) + controls.length) % controls.length]?.focus();
  }
}

/** What can have the focus in an element, itself included. */
function controlsIn(element: HTMLElement): HTMLElement[] {
  const can = 'button:not([disabled]), input';
  return element.matches(can) ? [element] : [...element.querySelectorAll<HTMLElement>(can)];
}

function nudge(slider: HTMLInputElement, move: 'left' | 'right'): void {
  slider.valueAsNumber += move === 'left' ? -Number(slider.step || 1) : Number(slider.step || 1);
  slider.dispatchEvent(new Event('input'));
}
