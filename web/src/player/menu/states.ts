// The page of saved states: a picture of each, to be saved, loaded and deleted.

import type { SavedState, SavedStates } from '../../api';
import { h } from '../dom';
import type { MenuActions } from './model';
import { choiceRow, hint, page, type Choice } from './rows';

type Way = 'save' | 'load' | 'delete';

const WAYS: Choice<Way>[] = [
  { value: 'save', label: 'Save' },
  { value: 'load', label: 'Load' },
  { value: 'delete', label: 'Delete' },
];
const HINTS: Record<Way, string> = {
  save: 'Choose a slot to save this moment in.',
  load: 'Choose a moment to go back to. Everybody who plays goes with you.',
  delete: 'Choose what to delete.',
};

/** One per opening of the page: it remembers what there is, and what is asked for. */
export class StatesPage {
  private told: SavedStates | null = null;
  private said = '';
  /** The slot whose state would be lost: pressed once. */
  private sure: number | null = null;
  private busy: number | null = null;

  constructor(
    private way: Way,
    private readonly act: MenuActions,
    /** Draws the page again; with a key, as a new one with the focus on what has it. */
    private readonly draw: (key?: string) => void,
  ) {
    void this.reload(true);
  }

  view(back: () => void): HTMLElement {
    const { told } = this;
    const status = h('p', { class: 'hint', aria: { live: 'polite' } }, this.said || (told ? HINTS[this.way] : 'One moment…'));
    const pick = (way: Way) => {
      [this.way, this.said, this.sure] = [way, '', null];
      this.draw();
    };
    const slots = () => Array.from({ length: told?.slots ?? 6 }, (_, slot) => this.slot(slot, told?.states.find((state) => state.slot === slot)));
    const view = told?.cannot ? page('Saved states', back, hint(told.cannot)) : page('Saved states', back, choiceRow('Press a slot to', WAYS, this.way, pick), h('div', { class: 'slots' }, ...slots()), status);
    view.classList.add('states');
    return view;
  }

  private slot(slot: number, state: SavedState | undefined): HTMLElement {
    const { way } = this;
    const idle = this.busy === null && this.told !== null;
    const can = way === 'save' || (state && (way === 'delete' || !state.unfit));
    const sure = this.sure === slot;
    const name = slot === 0 ? 'Quick' : `Slot ${slot}`;
    const picture = state?.picture ? h('img', { src: `data:image/png;base64,${state.picture}`, alt: '' }) : h('span', {}, state ? '' : 'Empty');
    const about = sure ? [way === 'save' ? 'Press again to replace' : 'Press again to delete'] : !state ? [] : state.unfit && way === 'load' ? [state.unfit] : [when(state.saved_ms), `${played(state.played_ms)} played`];
    const tile = h('button', { class: 'slot', type: 'button', on: { click: () => idle && can && void this.press(slot, state) } }, h('span', { class: 'shot' }, picture), h('b', {}, name), ...about.map((line) => h('small', {}, line)));
    tile.dataset.key = `slot ${slot}`;
    if (!can) tile.setAttribute('aria-disabled', 'true');
    tile.toggleAttribute('data-sure', sure);
    tile.toggleAttribute('data-empty', !state);
    tile.toggleAttribute('data-asked', this.busy === slot);
    return tile;
  }

  private async press(slot: number, state: SavedState | undefined): Promise<void> {
    const { way, sure } = this;
    const replaces = way === 'delete' || (way === 'save' && state && slot > 0);
    this.said = '';
    this.sure = replaces && sure !== slot ? slot : null;
    if (this.sure === null) this.busy = slot;
    this.draw();
    if (this.busy === null) return;
    try {
      await (way === 'save' ? this.act.saveState(slot) : way === 'load' ? this.act.loadState(slot) : this.act.deleteState(slot));
      if (way === 'load') return this.act.resume();
      this.said = way === 'save' ? 'Saved.' : 'Deleted.';
    } catch (error) {
      this.said = (error as Error).message;
    }
    this.busy = null;
    await this.reload(false);
  }

  private async reload(first: boolean): Promise<void> {
    try {
      this.told = await this.act.states();
    } catch (error) {
      this.told = { cannot: (error as Error).message, slots: 0, states: [] };
    }
    this.draw(first ? this.best() : undefined);
  }

  /** What one most likely came for: the newest state, or the first slot that is free. */
  private best(): string | undefined {
    const { slots = 0, states = [] } = this.told ?? {};
    const newest = [...states].filter(({ unfit }) => !unfit).sort((a, b) => b.saved_ms - a.saved_ms)[0]?.slot ?? 0;
    const free = Array.from({ length: slots }, (_, slot) => slot).find((slot) => slot > 0 && !states.some((state) => state.slot === slot));
    return slots > 0 ? `slot ${this.way === 'save' ? (free ?? 1) : newest}` : undefined;
  }
}

/** A time of day; with the day, where it was another one. */
export function when(ms: number, now = Date.now()): string {
  const [then, today] = [new Date(ms), new Date(now)];
  const time = { hour: 'numeric', minute: '2-digit' } as const;
  const year = then.getFullYear() === today.getFullYear() ? {} : ({ year: 'numeric' } as const);
  return then.toDateString() === today.toDateString() ? then.toLocaleTimeString([], time) : then.toLocaleString([], { ...year, day: 'numeric', month: 'short', ...time });
}

/** How long was played: `4:05`, `1:04:05`. */
export function played(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (part: number) => String(part % 60).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}:${two(seconds)}` : `${Math.floor(minutes / 60)}:${two(minutes)}:${two(seconds)}`;
}
