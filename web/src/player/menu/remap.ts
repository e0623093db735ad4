// The page where keys and buttons are changed: press what is to be changed, then press the new one.

import { h } from '../dom';
import { ACTS, Bindings, NO_LAYER, conflictsOf, inputsOf, type Act, type Layer } from '../input/bindings';
import { usageOf } from '../input/hid';
import { buttonLabel, keyLabel, padLabel } from '../input/labels';
import { PAD_BUTTONS, type PadButton } from '../input/pad';
import { keepLayer, layerOf } from '../storage';
import type { MenuActions, MenuModel } from './model';
import { choiceRow, hint, page, row } from './rows';

const DEFAULTS = new Bindings();

/** What the page waits for: a key or button for an action, or the title's key and then the new one. */
type Waiting = { for: 'key' | 'pad'; button: PadButton } | { for: 'act'; act: Act } | { for: 'swap'; wanted: string | null };

export interface RemapHooks {
  /** Draws the page again. */
  refresh(): void;
  /** The next key goes to `heard`, past everything else; null ends that. */
  listenKey(heard: ((event: KeyboardEvent) => void) | null): void;
}

/** One per opening of the page: it remembers what is waited for. */
export class Remap {
  private waiting: Waiting | null = null;
  private ours = true;

  constructor(
    private readonly act: MenuActions,
    private readonly hooks: RemapHooks,
  ) {}

  view(model: MenuModel, back: () => void): HTMLElement {
    const scopes = [{ value: 'ours', label: 'This title' }, { value: 'all', label: 'All titles' }] as const;
    const scope = choiceRow('Changes are for', scopes, this.ours ? 'ours' : 'all', (value) => {
      this.ours = value === 'ours';
      this.stop();
    });
    return page(
      'Keys and buttons',
      back,
      scope,
      ...(model.kinds.has('pad') ? [this.table(model)] : []),
      ...(model.states ? [this.acts(model)] : []),
      ...(model.kinds.has('keys') ? [this.swaps(model)] : []),
      row(this.ours ? 'Reset this title' : 'Reset all titles', () => this.change(model, () => NO_LAYER)),
    );
  }

  /** Waits no longer. */
  stop(): void {
    this.wait(null);
    this.hooks.refresh();
  }

  private table(model: MenuModel): HTMLElement {
    const names = model.keysAsPad ? ['', 'Key', 'Gamepad'] : ['', 'Gamepad'];
    const head = h('div', { class: 'binding head', aria: { hidden: 'true' } }, ...names.map((name) => h('span', {}, name)));
    return h('div', { class: model.keysAsPad ? 'bindings' : 'bindings narrow' }, head, ...PAD_BUTTONS.map((button) => this.line(model, button)));
  }

  private line(model: MenuModel, button: PadButton): HTMLElement {
    const { keys, pad } = model.bindings;
    const clash = [...new Set([...(model.keysAsPad ? conflictsOf(keys, button) : []), ...conflictsOf(pad, button)])];
    const cells = [
      ...(model.keysAsPad ? [this.cell(model, 'key', button, inputsOf(keys, button).map(keyLabel))] : []),
      this.cell(model, 'pad', button, inputsOf(pad, button).map((index) => padLabel(Number(index)))),
    ];
    const line = h('div', { class: 'binding' }, h('span', {}, buttonLabel(button)), ...cells);
    if (clash.length > 0) line.append(h('small', {}, `also presses ${clash.map(buttonLabel).join(' and ')}`));
    return line;
  }

  private cell(model: MenuModel, kind: 'key' | 'pad', button: PadButton, inputs: string[]): HTMLElement {
    const now = this.waiting;
    const waits = now !== null && now.for === kind && now.button === button;
    const text = waits ? (kind === 'key' ? 'Press a key' : 'Press a button') : inputs.join(' / ') || 'Nothing';
    const name = `${buttonLabel(button)}, ${kind === 'key' ? 'key' : 'gamepad'}: ${text}`;
    const press = () => (kind === 'key' ? this.askKey(model, button) : this.askPad(model, button));
    const cell = h('button', { class: 'cell', type: 'button', aria: { label: name }, on: { click: press } }, text);
    cell.toggleAttribute('data-waits', waits);
    cell.toggleAttribute('data-none', inputs.length === 0);
    cell.toggleAttribute('data-lost', inputs.length === 0 && inputsOf(kind === 'key' ? DEFAULTS.keys : DEFAULTS.pad, button).length > 0);
    return cell;
  }

  /** Keys that the player itself answers to: the title hears nothing of them. */
  private acts(model: MenuModel): HTMLElement {
    const keys = model.bindings.acts(model.keysAsPad);
    const lines = ACTS.map((act) => {
      const waits = this.waiting?.for === 'act' && this.waiting.act === act;
      const ask = () => this.wait({ for: 'act', act }, (code) => this.change(model, (layer) => ({ ...layer, acts: { ...layer.acts, [act]: code } })));
      const line = row(act === 'save' ? 'Quick save' : 'Quick load', ask, waits ? 'Press a key' : inputsOf(keys, act).map(keyLabel).join(', ') || 'No key');
      line.toggleAttribute('data-waits', waits);
      return line;
    });
    return h('div', {}, hint('Keys of the player'), ...lines);
  }

  private swaps(model: MenuModel): HTMLElement {
    const entries = Object.entries(model.bindings.swaps);
    const rows = entries.map(([wanted, code]) => {
      const clash = entries.some(([other, used]) => other !== wanted && used === code);
      const remove = () => this.change(model, (layer) => ({ ...layer, swaps: without(layer.swaps, wanted) }));
      const line = row(`${keyLabel(code)} presses ${keyLabel(wanted)}`, remove, 'Undo');
      if (clash) line.append(h('small', {}, 'and another key'));
      return line;
    });
    const now = this.waiting?.for === 'swap' ? this.waiting : null;
    const label = !now ? 'Change a key' : now.wanted === null ? 'Press the key that the title knows' : `Press the key to use for ${keyLabel(now.wanted)}`;
    const add = row(label, () => this.askSwap(model));
    add.toggleAttribute('data-waits', now !== null);
    return h('div', {}, hint('Keys of the title'), ...rows, add);
  }

  private askKey(model: MenuModel, button: PadButton): void {
    this.wait({ for: 'key', button }, (code) => this.change(model, (layer) => ({ ...layer, keys: { ...layer.keys, [button]: code } })));
  }

  private askPad(model: MenuModel, button: PadButton): void {
    this.wait({ for: 'pad', button });
    this.act.listenPad((index) => this.change(model, (layer) => ({ ...layer, pad: { ...layer.pad, [button]: index } })));
  }

  private askSwap(model: MenuModel): void {
    this.wait({ for: 'swap', wanted: null }, (wanted) => {
      this.wait({ for: 'swap', wanted }, (code) =>
        this.change(model, (layer) => ({ ...layer, swaps: code === wanted ? without(layer.swaps, wanted) : { ...layer.swaps, [wanted]: code } })),
      );
    });
  }

  /** Waits for something; of keys `heard` gets the first that can be named. Escape ends it, and so does a gamepad where a key is wanted. */
  private wait(waiting: Waiting | null, heard: (code: string) => void = () => {}): void {
    this.waiting = waiting;
    this.hooks.listenKey(waiting && ((event) => this.key(event, heard)));
    this.act.listenPad(waiting && (() => this.stop()));
    if (waiting) this.hooks.refresh();
  }

  private key(event: KeyboardEvent, heard: (code: string) => void): void {
    if (event.repeat) return;
    if (event.code === 'Escape') return this.stop();
    if (this.waiting?.for !== 'pad' && usageOf(event.code) !== undefined) heard(event.code);
  }

  private change(model: MenuModel, to: (layer: Layer) => Layer): void {
    const title = this.ours ? model.title : null;
    keepLayer(title, to(layerOf(title)));
    this.act.rebound();
    this.stop();
  }
}

function without<T>(record: Record<string, T>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([other]) => other !== name));
}
