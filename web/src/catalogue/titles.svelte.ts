// The titles, as the server has them, and whether it can be asked.

import type { Title } from '../api';

export type Status = 'loading' | 'ready' | 'down' | 'signIn' | 'problem';

/** How often the list is asked for anew while the home screen is open, in ms: a title may have been added. */
export const REFRESH_MS = 10_000;
const RETRY_MS = 3_000;
const RECENT = 'playfield.recent';
const RECENT_KEPT = 12;

class Titles {
  status = $state<Status>('loading');
  list = $state.raw<Title[]>([]);
  /** What the server said, where it said something. */
  detail = $state('');
  private text = '';

  find(id: string): Title | undefined {
    return this.list.find((title) => title.id === id);
  }

  async refresh(): Promise<void> {
    try {
      const response = await fetch('/api/v1/titles', { headers: { Accept: 'application/json' } });
      await this.take(response);
    } catch {
      // The list we have stays: a server that restarts should not empty the screen.
      this.status = 'down';
    }
  }

  /** How long to wait before asking again. */
  get patience(): number {
    return this.status === 'ready' ? REFRESH_MS : RETRY_MS;
  }

  private async take(response: Response): Promise<void> {
    if (response.status === 401) this.status = 'signIn';
    else if (response.status >= 502) this.status = 'down';
    else if (!response.ok) this.refuse(await response.json().catch(() => null));
    else this.accept(await response.text());
  }

  private refuse(problem: { detail?: string } | null): void {
    this.status = 'problem';
    this.detail = problem?.detail ?? '';
  }

  private accept(text: string): void {
    const { titles } = JSON.parse(text) as { titles: Title[] };
    if (text !== this.text) this.list = titles;
    this.text = text;
    this.status = 'ready';
  }
}

export const titles = new Titles();

/** Ids of the titles played last, newest first. */
export function recent(): string[] {
  try {
    return JSON.parse(localStorage.getItem(RECENT) ?? '[]') as string[];
  } catch {
    return [];
  }
}

export function rememberPlayed(id: string): void {
  try {
    localStorage.setItem(RECENT, JSON.stringify([id, ...recent().filter((other) => other !== id)].slice(0, RECENT_KEPT)));
  } catch {
    // Without storage nothing is remembered; the order of names is as good.
  }
}
