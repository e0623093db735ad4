// The page of what the title lets its first player choose. What is chosen is what the node says: a press asks, and shows when it is answered.

import type { Setting } from '../../api';
import { h } from '../dom';
import { FEW, choiceName, chosenLabel, groupsOf, lookOf, nameOf, type Group } from '../titlesettings';
import type { MenuActions, MenuModel } from './model';
import { choiceRow, hint, page, row, switchRow } from './rows';

/** It remembers what is searched, opened and asked for, while the menu is on it. */
export class TitlePage {
  private settings: readonly Setting[] = [];
  private query = '';
  /** The setting whose choices are shown in a list of their own. */
  private choosing: string | null = null;
  /** Groups turned the other way than they begin. */
  private readonly turned = new Set<string>();
  private readonly explained = new Set<string>();
  /** Settings that were asked to change and are not answered yet. */
  private readonly asked = new Set<string>();
  /** One for as long as the page is: what is being typed survives what the node says meanwhile. */
  private readonly field: HTMLInputElement;
  private readonly list = h('div', { class: 'settings' });
  private readonly found = h('p', { class: 'hint found', aria: { role: 'status' } });

  constructor(
    private readonly act: MenuActions,
    /** Draws the page again; with a key, as a new one with the focus on what has it. */
    private readonly draw: (key?: string) => void,
  ) {
    this.field = h('input', { class: 'search', type: 'search', placeholder: 'Search', autocomplete: 'off', spellcheck: false, aria: { label: 'Search the settings' }, on: { input: () => this.search(this.field.value) } });
    this.field.enterKeyHint = 'search';
    this.list.dataset.scroll = '';
  }

  /** The node has answered, or told something new. */
  told(): void {
    this.asked.clear();
  }

  /** Whether there was something on the page to go back from. */
  back(): boolean {
    const { choosing, query } = this;
    if (choosing === null) this.query = this.field.value = '';
    this.choosing = null;
    if (choosing !== null || query) this.draw(choosing ?? undefined);
    return choosing !== null || query !== '';
  }

  view(model: MenuModel, back: () => void): HTMLElement {
    this.settings = model.settings;
    const setting = this.settings.find(({ key }) => key === this.choosing);
    const view = setting ? this.choices(setting, back) : this.all(back);
    view.classList.add('tall');
    return view;
  }

  private all(back: () => void): HTMLElement {
    this.choosing = null;
    this.fill();
    return page('Title settings', back, ...(this.settings.length > FEW ? [this.field] : []), this.found, this.list);
  }

  private fill(): void {
    const groups = groupsOf(this.settings, this.query);
    const count = groups.reduce((sum, { settings }) => sum + settings.length, 0);
    this.found.hidden = this.settings.length > 0 && !this.query;
    this.found.textContent = this.settings.length === 0 ? 'The title has no settings now.' : count === 0 ? 'Nothing is called that.' : `${count} of ${this.settings.length}`;
    this.list.toggleAttribute('data-explains', this.settings.some(({ info }) => info?.trim()));
    this.list.replaceChildren(...groups.flatMap((group) => this.group(group, groups.length)));
  }

  private search(query: string): void {
    this.query = query.trim();
    this.fill();
    this.list.scrollTop = 0;
  }

  private group({ name, first, settings }: Group, groups: number): HTMLElement[] {
    const rows = () => settings.map((setting) => this.setting(setting));
    if (!name) return rows();
    if (this.query) return [h('h3', {}, nameOf(name)), ...rows()];
    const begins = first || groups === 1 || this.settings.length <= FEW;
    const open = begins !== this.turned.has(name);
    const turn = () => {
      if (!this.turned.delete(name)) this.turned.add(name);
      this.draw();
    };
    const head = h('button', { class: 'row group', type: 'button', aria: { expanded: String(open) }, on: { click: turn } }, nameOf(name), h('span', { class: 'value' }, String(settings.length)));
    head.dataset.key = `group ${name}`;
    return [head, ...(open ? rows() : [])];
  }

  private setting(setting: Setting): HTMLElement {
    const { key, info = '' } = setting;
    const line = h('div', { class: 'setting' }, this.control(setting), ...(info.trim() ? this.about(setting, info) : []));
    line.dataset.key = key;
    line.toggleAttribute('data-asked', this.asked.has(key));
    return line;
  }

  private control(setting: Setting): HTMLElement {
    const { key, choices, value } = setting;
    const look = lookOf(setting);
    const label = nameOf(setting.label || key);
    if (look.as === 'switch') return switchRow(label, value === look.on, (on) => this.ask(setting, on ? look.on : look.off));
    if (look.as === 'segments') return choiceRow(label, choices.map((choice) => ({ value: choice.value, label: choiceName(choice) })), value, (to) => this.ask(setting, to));
    const button = row(label, () => this.open(key), chosenLabel(setting));
    button.classList.add('leads');
    return button;
  }

  /** What the setting is about, behind a small button. */
  private about({ key, label }: Setting, info: string): HTMLElement[] {
    const text = h('p', { class: 'hint' }, info.trim());
    const show = (shown: boolean) => {
      text.hidden = !shown;
      button.setAttribute('aria-expanded', String(shown));
    };
    const turn = () => {
      if (!this.explained.delete(key)) this.explained.add(key);
      show(this.explained.has(key));
    };
    const button = h('button', { class: 'about', type: 'button', aria: { label: `About ${nameOf(label || key)}` }, on: { click: turn } }, 'i');
    show(this.explained.has(key));
    return [button, text];
  }

  private choices(setting: Setting, back: () => void): HTMLElement {
    const { key, choices, value } = setting;
    const label = nameOf(setting.label || key);
    const pick = (to: string) => {
      this.choosing = null;
      this.ask(setting, to, key);
    };
    const rows = choices.map((choice) => {
      const line = h('button', { class: 'row option', type: 'button', aria: { role: 'radio', checked: String(choice.value === value) }, on: { click: () => pick(choice.value) } }, choiceName(choice));
      line.dataset.key = `choice ${choice.value}`;
      return line;
    });
    const list = h('div', { class: 'settings', aria: { role: 'radiogroup', label } }, ...(setting.info?.trim() ? [hint(setting.info.trim())] : []), ...rows);
    list.dataset.scroll = '';
    return page(label, back, list);
  }

  private open(key: string): void {
    this.choosing = key;
    this.draw(`choice ${this.settings.find((setting) => setting.key === key)?.value}`);
  }

  /** What was pressed is drawn again as the node said it last; what comes of it, the node says next. */
  private ask({ key, value }: Setting, to: string, focus?: string): void {
    if (to !== value) {
      this.asked.add(key);
      this.act.choose(key, to);
    }
    this.draw(focus);
  }
}
