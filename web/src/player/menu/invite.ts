// The page that lets others in: a link for a seat or to watch, copied or handed on, and the links there are.

import type { Invite } from '../../api';
import { h } from '../dom';
import type { MenuActions, MenuModel } from './model';
import { choiceRow, hint, page, row, type Choice } from './rows';

const WATCH = 'watch';

/** One per opening of the page: it remembers what was chosen and made. */
export class Inviting {
  private chosen: string | null = null;
  private made: { id: string; url: string } | null = null;
  private said = '';
  private links: Invite[] = [];

  constructor(
    private readonly act: MenuActions,
    private readonly refresh: () => void,
  ) {
    void this.reload();
  }

  view(model: MenuModel, back: () => void): HTMLElement {
    const ways = waysOf(model);
    const chosen = ways.find(({ value }) => value === this.chosen)?.value ?? ways[0]!.value;
    const pick = (value: string) => {
      [this.chosen, this.made, this.said] = [value, null, ''];
      this.refresh();
    };
    return page(
      'Invite',
      back,
      ...(ways.length > 1 ? [choiceRow('Who comes', ways, chosen, pick)] : [hint(model.players > 1 ? 'Every seat is taken. Others may watch.' : 'This title is for one player. Others may watch.')]),
      ...(this.made ? this.link(this.made.url) : [primary(row(chosen === WATCH ? 'Make a link to watch' : `Make a link for ${ways.find(({ value }) => value === chosen)!.label.toLowerCase()}`, () => void this.make(chosen)))]),
      h('p', { class: 'hint', aria: { live: 'polite' } }, this.said || 'A link is good for one hour, and as long as the session lasts.'),
      ...this.list(),
    );
  }

  private link(url: string): HTMLElement[] {
    const field = h('input', { class: 'link', type: 'text', readOnly: true, value: url, aria: { label: 'The link' }, on: { focus: () => field.select() } });
    const local = ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);
    return [
      field,
      primary(row('Copy', () => void this.copy(url))),
      ...('share' in navigator ? [row('Share', () => void this.handOn(url))] : []),
      ...(local ? [hint('This address leads to this machine only. For others, start the server with --listen.')] : []),
    ];
  }

  private list(): HTMLElement[] {
    if (this.links.length === 0) return [];
    return [h('h3', {}, 'Links that let people in'), ...this.links.map((link) => row(labelOf(link), () => void this.takeBack(link), 'Take back'))];
  }

  private async make(chosen: string): Promise<void> {
    await this.attempt(async () => {
      const { invite, path } = await this.act.invite(chosen === WATCH ? null : Number(chosen));
      this.made = { id: invite.id, url: path };
      this.said = '';
      this.links = await this.act.invites();
    });
  }

  private async takeBack(link: Invite): Promise<void> {
    await this.attempt(async () => {
      await this.act.takeBack(link.id);
      if (this.made?.id === link.id) this.made = null;
      this.said = 'Taken back. Who is in already stays.';
      this.links = await this.act.invites();
    });
  }

  private async copy(url: string): Promise<void> {
    // Clipboards want a secure page; the field can be copied by hand anywhere.
    this.said = await navigator.clipboard.writeText(url).then(() => 'Copied.', () => 'Copy it from the field above.');
    this.refresh();
  }

  private async handOn(url: string): Promise<void> {
    await navigator.share({ url }).catch(() => {});
  }

  private async reload(): Promise<void> {
    await this.attempt(async () => {
      this.links = await this.act.invites();
    });
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.said = sentence((error as Error).message);
    }
    this.refresh();
  }
}

function primary(button: HTMLButtonElement): HTMLButtonElement {
  button.classList.add('primary');
  return button;
}

function waysOf(model: MenuModel): Choice<string>[] {
  return [...model.freeSeats.map((seat) => ({ value: String(seat), label: `Player ${seat + 1}` })), { value: WATCH, label: 'Watches' }];
}

function labelOf({ role, slot, expires_ms }: Invite): string {
  const until = new Date(expires_ms).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
  return `${role === 'player' ? `Player ${(slot ?? 0) + 1}` : 'To watch'}, until ${until}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}
