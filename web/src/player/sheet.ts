// A sheet over the picture: the menu and the end screens. Arrow keys and the pad move its focus.

import { h } from './dom';
import type { Move } from './steer';

export class Sheet {
  readonly element = h('div', { class: 'sheet', hidden: true, aria: { role: 'dialog', modal: 'true' } });
  private back: (() => void) | null = null;

  constructor() {
    this.element.addEventListener('keydown', (event) => this.key(event));
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  /** Shows `content`; `back` is what Escape and the pad's B do, if they may do anything. */
  show(label: string, content: HTMLElement, back: (() => void) | null): void {
    this.back = back;
    this.element.setAttribute('aria-label', label);
    this.element.replaceChildren(content);
    this.element.hidden = false;
    this.controls()[0]?.focus();
  }

  hide(): void {
    this.element.hidden = true;
    this.element.replaceChildren();
    this.back = null;
  }

  move(move: Move): void {
    if (move === 'back') return this.back?.();
    const root = this.element.getRootNode() as ShadowRoot;
    const focused = root.activeElement as HTMLElement | null;
    if (move === 'accept') return focused?.click();
    if ((move === 'left' || move === 'right') && focused instanceof HTMLInputElement) return nudge(focused, move);
    if (move !== 'details' && move !== 'search') this.step(move === 'up' || move === 'left' ? -1 : 1, focused);
  }

  private step(by: number, focused: HTMLElement | null): void {
    const controls = this.controls();
    const at = focused ? controls.indexOf(focused) : -1;
    controls[(at + by + controls.length) % controls.length]?.focus();
  }

  private controls(): HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>('button:not([disabled]), input')];
  }

  private key(event: KeyboardEvent): void {
    const keys: Record<string, Move> = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right', Escape: 'back' };
    const move = keys[event.key];
    event.stopPropagation();
    if (event.key === 'Tab') return this.keepInside(event);
    if (!move) return;
    event.preventDefault();
    this.move(move);
  }

  /** The sheet is modal: Tab goes round inside it. */
  private keepInside(event: KeyboardEvent): void {
    event.preventDefault();
    this.step(event.shiftKey ? -1 : 1, (this.element.getRootNode() as ShadowRoot).activeElement as HTMLElement | null);
  }
}

function nudge(slider: HTMLInputElement, move: 'left' | 'right'): void {
  slider.valueAsNumber += move === 'left' ? -Number(slider.step || 1) : Number(slider.step || 1);
  slider.dispatchEvent(new Event('input'));
}
