// The menu: what one may want while playing, in one column, and the ways to what one sets once.

import { h } from '../dom';
import { lacks } from '../browser';
import { inputsOf, type Act } from '../input/bindings';
import { keyLabel } from '../input/labels';
import type { MenuActions, MenuModel } from './model';
import { hint, pageRow, row, sliderRow, switchRow } from './rows';

export type PageName = 'save' | 'load' | 'title' | 'picture' | 'controls' | 'remap' | 'touch' | 'browser' | 'receipt' | 'people' | 'invite';

export function mainMenu(model: MenuModel, act: MenuActions, open: (page: PageName) => void): HTMLElement {
  const missing = lacks().length;
  const pads = model.pads.length;
  return h(
    'div',
    { class: 'card menu' },
    h('h2', {}, model.name),
    h('button', { class: 'row primary', type: 'button', on: { click: act.resume } }, 'Resume'),
    h(
      'div',
      { class: 'rows' },
      volumeRow(model, act),
      switchRow('Full screen', model.fullscreen, act.fullscreen),
      ...(model.pip === null ? [] : [switchRow('Small window', model.pip, act.pip)]),
      ...(model.touchControls === null ? [] : [switchRow('Touch controls', model.touchControls, act.touchControls)]),
      ...(model.microphone === null ? [] : [switchRow('Microphone', model.microphone, act.microphone)]),
      switchRow('Statistics', model.stats, act.stats),
      ...(act.account() ? [pageRow('Where the time went', 'receipt', open)] : []),
      ...(model.states ? [pageRow('Save state', 'save', open, keyOf(model, 'save')), pageRow('Load state', 'load', open, keyOf(model, 'load'))] : []),
      ...(model.settings.length > 0 ? [pageRow('Title settings', 'title', open)] : []),
      pageRow('Picture and sound', 'picture', open),
      pageRow('Controls', 'controls', open, pads === 0 ? '' : pads === 1 ? '1 gamepad' : `${pads} gamepads`),
      pageRow('This browser', 'browser', open, missing === 0 ? 'Has it all' : `Lacks ${missing}`),
      ...(model.people ? [pageRow('People', 'people', open, othersOf(model))] : []),
      shareRow(act),
      ...(model.host ? [row('Restart', act.restart)] : []),
      row(model.canLeave || !model.alone ? 'Leave' : 'End session', act.leave),
    ),
    ...(model.watching ? [hint(`You are watching${model.people!.watching > 1 ? `, and ${model.people!.watching - 1} more` : ''}.`)] : []),
    hint(`${model.kinds.has('keys') ? 'Hold Escape' : 'Escape'}, or hold Start and Select, to open this menu.`),
  );
}

/** Who else is here, in a word or two. */
function othersOf({ people, seats }: MenuModel): string {
  const players = people?.seats.filter((seat) => !seats.includes(seat)).length ?? 0;
  const watching = people?.watching ?? 0;
  return [players > 0 ? `${players} playing` : '', watching > 0 ? `${watching} watching` : ''].filter(Boolean).join(', ');
}

/** The key that does it without the menu. */
function keyOf({ bindings, keysAsPad }: MenuModel, act: Act): string {
  return inputsOf(bindings.acts(keysAsPad), act).map(keyLabel).join(', ');
}

function volumeRow(model: MenuModel, act: MenuActions): HTMLElement {
  const set = (percent: number) => {
    act.volume(percent / 100);
    act.mute(percent === 0);
  };
  return sliderRow('Sound', model.muted ? 0 : model.volume * 100, 0, set, (now) => (now === 0 ? 'Off' : `${now} %`));
}

function shareRow(act: MenuActions): HTMLElement {
  const value = h('span', { class: 'value', aria: { live: 'polite' } });
  const share = async () => {
    value.textContent = await act.share();
  };
  return h('button', { class: 'row', type: 'button', on: { click: () => void share() } }, 'Share the title', value);
}
