// What covers the stage while there is no picture: the poster out of focus with the title's name, or a button that starts it.

import { h, icon } from './dom';

/** How long a start may take before the poster is shown, in ms. */
const POSTER_MS = 160;

export class Poster {
  readonly element = h('div', { class: 'poster' });
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly about: () => { name: string; picture: string | null }) {}

  get shown(): boolean {
    return !this.element.hasAttribute('data-gone');
  }

  /** It starts. Most starts are over soon, and drawing a large picture out of focus would hold up the first one of the title. */
  begin(): void {
    this.hide();
    this.element.removeAttribute('data-gone');
    this.element.replaceChildren();
    this.timer = setTimeout(() => this.fill(), POSTER_MS);
  }

  hide(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.element.setAttribute('data-gone', '');
  }

  /** Waits for a press; `near` is called when one seems to come. */
  offer(start: (askedAt: number) => void, near: () => void): void {
    this.hide();
    this.element.removeAttribute('data-gone');
    const press = (event: Event) => {
      button.remove();
      start(event.timeStamp);
    };
    const button = h('button', { class: 'start', type: 'button', aria: { label: `Play ${this.about().name}` }, on: { click: press, pointerenter: near, focus: near } }, h('span', {}, icon('play')));
    this.element.replaceChildren(...this.picture(), button);
  }

  private fill(): void {
    this.element.replaceChildren(...this.picture(), h('strong', {}, this.about().name), h('div', { class: 'progress', aria: { role: 'progressbar', label: 'Starting' } }));
  }

  private picture(): HTMLElement[] {
    const { picture } = this.about();
    return picture ? [h('img', { src: picture, alt: '' })] : [];
  }
}
