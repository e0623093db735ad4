// A sheet over the picture: the menu and the end screens. Arrow keys and the pad move its focus.

import { h } from './dom';
import type { Move } from './steer';

export class Sheet {
  readonly element = h('div', { class: 'sheet', hidden: true, aria: { role: 'dialog', modal: 'true' } });
  /** While set, it gets the keys, and they do nothing else. */
  capture: ((event: KeyboardEvent) => void) | null = null;
  private back: (() => void) | null = null;

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
   * Shows `content`; `back` is what Escape and the pad's B do, if they may do anything. Shown `again`, the focus and the place in it stay.
   */
  show(label: string, content: HTMLElement, back: (() => void) | null, again = false): void {
    const before = again ? this.controls().indexOf(this.focused()!) : -1;
    this.back = back;
    this.element.setAttribute('aria-label', label);
    this.element.replaceChildren(content);
    this.element.hidden = false;
    const controls = this.controls();
    // The way back is first, but not what one came for.
    const at = before >= 0 ? before : controls.findIndex((control) => !control.matches('.back'));
    controls[Math.min(Math.max(at, 0), controls.length - 1)]?.focus({ preventScroll: again });
    if (!again) this.element.scrollTop = 0;
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
  }

  move(move: Move): void {
    const focused = this.focused();
    if (move === 'back') return this.back?.();
    if (move === 'accept') return focused?.click();
    if (move === 'details' || move === 'search') return;
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
    return [...this.element.querySelectorAll<HTMLElement>('button:not([disabled]), input')];
  }

  /** What can have the focus, line by line. */
  private lines(): HTMLElement[][] {
    const lines = new Map<Element, HTMLElement[]>();
    for (const control of this.controls()) {
      const line = control.closest('.choice, .binding, .ways') ?? control;
      lines.set(line, [...(lines.get(line) ?? []), control]);
    }
    return [...lines.values()];
  }

  private key(event: KeyboardEvent): void {
    const keys: Record<string, Move> = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right', Escape: 'back' };
    const move = keys[event.key];
    event.stopPropagation();
    if (this.capture) {
      event.preventDefault();
      return this.capture(event);
    }
    if (event.key === 'Tab') return this.keepInside(event);
    if (!move) return;
    event.preventDefault();
    this.move(move);
  }

  /** The sheet is modal: Tab goes round inside it. */
  private keepInside(event: KeyboardEvent): void {
    event.preventDefault();
    const controls = this.controls();
    const at = controls.indexOf(this.focused()!);
    controls[(at + (event.shiftKey ? -1 : 1) + controls.length) % controls.length]?.focus();
  }
}

function nudge(slider: HTMLInputElement, move: 'left' | 'right'): void {
  slider.valueAsNumber += move === 'left' ? -Number(slider.step || 1) : Number(slider.step || 1);
  slider.dispatchEvent(new Event('input'));
}
