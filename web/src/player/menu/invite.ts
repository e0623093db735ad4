// The page that lets others in: a link for a seat or to watch, copied or handed on, and the links there are.

import type { CreateInvite, Invite } from '../../api';
import { h } from '../dom';
import type { MenuActions, MenuModel } from './model';
import { primary, sentence } from './people';
import { choiceRow, hint, page, row, switchRow, type Choice } from './rows';

const WATCH = 'watch';
const ANY = 'any';
/** How long a link is good, in seconds; 0: as long as the session. */
const TIMES: Choice<string>[] = [
  { value: '600', label: '10 min' },
  { value: '3600', label: '1 hour' },
  { value: '86400', label: '1 day' },
  { value: '0', label: 'Always' },
];

/** One per opening of the page: it remembers what was chosen and made. */
export class Inviting {
  private chosen: string | null = null;
  private time = '3600';
  private once = false;
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
    const time = (value: string) => {
      this.time = value;
      this.refresh();
    };
    const terms = () => [
      choiceRow('Good for', TIMES, this.time, time),
      switchRow('For one person only', this.once, (on) => (this.once = on)),
    ];
    const view = page(
      'Invite',
      back,
      ...(ways.length > 1 ? [choiceRow('Who comes', ways, chosen, pick)] : [hint(model.players > 1 ? 'Every seat is taken. Others may watch.' : 'This title is for one player. Others may watch.')]),
      ...(this.made ? this.link(this.made.url) : [...terms(), primary(row(chosen === WATCH ? 'Make a link to watch' : `Make a link for ${ways.find(({ value }) => value === chosen)!.label.toLowerCase()}`, () => void this.make(chosen)))]),
      h('p', { class: 'hint', aria: { live: 'polite' } }, this.said || 'No link is good for longer than the session lasts.'),
      ...this.list(),
    );
    view.classList.add('invite');
    return view;
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
      const who: CreateInvite = chosen === WATCH ? { role: 'spectator' } : chosen === ANY ? { role: 'player' } : { role: 'player', slot: Number(chosen) };
      const { invite, path } = await this.act.invite({ ...who, expires_s: Number(this.time), ...(this.once ? { uses: 1 } : {}) });
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

function waysOf(model: MenuModel): Choice<string>[] {
  const seats = model.freeSeats.map((seat) => ({ value: String(seat), label: `Player ${seat + 1}` }));
  return [...seats, ...(seats.length > 1 ? [{ value: ANY, label: 'Any seat' }] : []), { value: WATCH, label: 'Watches' }];
}

function labelOf({ role, slot, expires_ms, uses, used }: Invite): string {
  const until = expires_ms === null ? '' : `, until ${new Date(expires_ms).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' })}`;
  const who = role !== 'player' ? 'To watch' : slot === null ? 'Any seat' : `Player ${slot + 1}`;
  return `${who}${until}${uses === null ? '' : `, ${used} of ${uses} used`}`;
}
