// The page of who is in the session. The host changes and removes people there, on a page of each; everybody has a name of their own.

import type { ChangeViewer, Participant, Permission } from '../../api';
import { h } from '../dom';
import type { MenuActions, MenuModel } from './model';
import { choiceRow, hint, page, pageRow, row, switchRow } from './rows';

const WATCH = 'watch';
const LINKS = { good: 'good connection', fair: 'slow connection', poor: 'very slow connection' };
/** What the host may give a player beside the buttons: for titles that understand it. */
const GRANTS: [Permission, string, (model: MenuModel) => boolean][] = [
  ['keyboard', 'Keyboard', ({ understood }) => understood.includes('keys') || understood.includes('text')],
  ['pointer', 'Mouse and touch', ({ understood }) => ['mouse', 'motion', 'touch'].some((kind) => (understood as string[]).includes(kind))],
  ['microphone', 'Microphone', ({ hears }) => hears],
  ['settings', 'Title settings', ({ settings }) => settings.length > 0],
  ['states', 'Save and load', ({ states }) => states],
];

/** One per opening of the page: it remembers whose page is open, and what was said. */
export class PeoplePage {
  private open: string | null = null;
  private said = '';
  private sure = false;
  private readonly name = h('input', { class: 'name', type: 'text', maxLength: 24, autocomplete: 'off', spellcheck: false, placeholder: 'Your name', aria: { label: 'Your name' }, on: { change: () => void this.rename() } });

  constructor(
    private readonly act: MenuActions,
    /** Draws the page again; with a key, as a new one with the focus on what has it. */
    private readonly draw: (key?: string) => void,
  ) {
    this.name.enterKeyHint = 'done';
  }

  /** Whether there was something on the page to go back from. */
  back(): boolean {
    const open = this.open;
    this.open = null;
    this.said = '';
    if (open !== null) this.draw(open);
    return open !== null;
  }

  view(model: MenuModel, open: (page: 'invite') => void, back: () => void): HTMLElement {
    const list = model.people?.list ?? [];
    const person = list.find(({ id }) => id === this.open);
    if (this.open !== null && !person) this.said = 'They have left.';
    const view = person ? this.one(person, model, back) : this.all(list, model, open, back);
    view.classList.add('people');
    return view;
  }

  private all(list: Participant[], model: MenuModel, open: (page: 'invite') => void, back: () => void): HTMLElement {
    this.open = null;
    const me = list.find(({ id }) => id === model.me);
    if (me && !this.typing) this.name.value = /^(Host|Guest \d+)$/.test(me.name) ? '' : me.name;
    return page(
      'People',
      back,
      ...(model.host ? [primary(pageRow('Invite somebody', 'invite', open))] : []),
      h('div', { class: 'list', aria: { role: 'list' } }, ...list.map((person) => this.line(person, model))),
      h('h3', {}, 'What others call you'),
      this.name,
      this.status(),
    );
  }

  private line(person: Participant, model: MenuModel): HTMLElement {
    const may = model.host && person.id !== model.me;
    const parts = [h('span', { class: 'seat', aria: { hidden: 'true' } }, seatsOf(person) || '–'), h('span', { class: 'who' }, person.name, ...(person.id === model.me ? [h('small', {}, ' you')] : [])), h('span', { class: 'value' }, standingOf(person))];
    const line = may || (model.host && model.players > 1) ? row('', () => this.show(person.id)) : h('div', { class: 'row' });
    if (line instanceof HTMLButtonElement) line.classList.add('leads');
    line.replaceChildren(...parts);
    line.toggleAttribute('data-away', person.away);
    line.dataset.key = person.id;
    return h('div', { aria: { role: 'listitem' } }, line);
  }

  private one(person: Participant, model: MenuModel, back: () => void): HTMLElement {
    const own = person.id === model.me;
    const seats = Array.from({ length: model.players }, (_, seat) => ({ value: String(seat), label: `${seat + 1}` }));
    const chosen = person.seats.length > 0 ? String(person.seats[0]) : WATCH;
    const pick = (value: string) => void this.change(person, value === WATCH ? { role: 'spectator' } : { slot: Number(value) });
    const may = person.may ?? [];
    const grants = own || person.role !== 'player' ? [] : GRANTS.filter(([, , fits]) => fits(model));
    const turn = (grant: Permission, on: boolean) => void this.change(person, { may: on ? [...may, grant] : may.filter((other) => other !== grant) });
    return page(
      person.name,
      back,
      hint(sentence([standingOf(person), person.link && !own ? LINKS[person.link] : '', person.expires_ms ? `until ${clock(person.expires_ms)}` : ''].filter(Boolean).join(', '))),
      choiceRow('Plays as player', [...seats, { value: WATCH, label: 'Watches' }], chosen, pick),
      ...grants.map(([grant, label]) => switchRow(label, may.includes(grant), (on) => turn(grant, on))),
      ...(own ? [] : [row('Make host', () => void this.change(person, { role: 'host' }, `${person.name} is the host now.`), 'Hands the session over'), this.removal(person)]),
      this.status(),
    );
  }

  private removal(person: Participant): HTMLElement {
    const press = () => {
      if (this.sure) return void this.attempt(() => this.act.removePerson(person.id), `${person.name} was removed.`, true);
      this.sure = true;
      this.said = 'The link they came by is taken back, too.';
      this.draw();
    };
    const button = row(this.sure ? `Remove ${person.name}?` : 'Remove', press, this.sure ? 'Press again' : '');
    button.classList.add('danger');
    button.dataset.key = 'remove';
    return button;
  }

  private status(): HTMLElement {
    return h('p', { class: 'hint', aria: { live: 'polite' } }, this.said);
  }

  private show(id: string): void {
    [this.open, this.said, this.sure] = [id, '', false];
    this.draw('');
  }

  private change(person: Participant, change: ChangeViewer, said = ''): Promise<void> {
    return this.attempt(() => this.act.changePerson(person.id, change), said, change.role === 'host');
  }

  private get typing(): boolean {
    return (this.name.getRootNode() as ShadowRoot).activeElement === this.name;
  }

  private rename(): Promise<void> {
    return this.attempt(() => this.act.rename(this.name.value), this.name.value.trim() ? 'Others see it now.' : 'Others see no name now.');
  }

  /** What is shown then is what the node says. */
  private async attempt(work: () => Promise<void>, said: string, leaves = false): Promise<void> {
    this.sure = false;
    try {
      await work();
      this.said = said;
      if (leaves) this.open = null;
    } catch (error) {
      this.said = sentence((error as Error).message);
    }
    this.draw();
  }
}

/** What somebody does, in a few words. */
function standingOf({ role, seats, away }: Participant): string {
  const does = seats.length === 0 ? 'watches' : seats.length === 1 ? `player ${seats[0]! + 1}` : `players ${seats.map((seat) => seat + 1).join(' and ')}`;
  return [role === 'host' ? 'host' : '', does, away ? 'away' : ''].filter(Boolean).join(', ');
}

function seatsOf({ seats }: Participant): string {
  return seats.map((seat) => seat + 1).join('·');
}

function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
}

export function primary(button: HTMLButtonElement): HTMLButtonElement {
  button.classList.add('primary');
  return button;
}

export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}
