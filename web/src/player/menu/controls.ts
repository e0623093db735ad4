// The page about what one plays with: the gamepads of this device, and the ways to keys and fingers.

import { h } from '../dom';
import { placesOf, type PadInfo } from '../input/desk';
import { canShake } from '../input/rumble';
import type { PageName } from './main';
import type { MenuActions, MenuModel } from './model';
import { choiceRow, hint, page, pageRow, switchRow, type Choice } from './rows';

const OFF = 'off';

export function controlsPage(model: MenuModel, act: MenuActions, open: (page: PageName) => void, back: () => void): HTMLElement {
  const remappable = model.kinds.has('pad') || model.kinds.has('keys');
  return page(
    'Controls',
    back,
    ...gamepads(model, act),
    ...(remappable ? [pageRow('Keys and buttons', 'remap', open)] : []),
    ...(model.touchControls !== null || model.touchPicture === 'direct' || model.touchPicture === 'trackpad' ? [pageRow('Touch screen', 'touch', open)] : []),
  );
}

function gamepads(model: MenuModel, act: MenuActions): HTMLElement[] {
  if (model.watching) return [hint('You are watching; nothing you press reaches the title.')];
  if (!model.kinds.has('pad')) return [hint('This title reads no gamepad.')];
  if (model.pads.length === 0) return [hint('No gamepad yet. Plug one in and press a button on it.')];
  const rows = model.pads.map((pad) => padRow(pad, model, act));
  const all = model.pads.length > 1 && model.players === 1 ? [hint('All of them play as the same player.')] : [];
  return [h('div', { class: 'pads' }, ...rows), ...all, ...(canShake() ? [switchRow('Rumble', model.rumble, act.rumble)] : [])];
}

function padRow(pad: PadInfo, model: MenuModel, act: MenuActions): HTMLElement {
  if (model.players === 1) return switchRow(pad.name, !pad.off, (on) => act.givePad(pad.index, on ? 0 : null));
  const choices: Choice<string>[] = placesOf(model.seats, model.players).map((seat, i) => ({ value: String(i), label: String(seat + 1) }));
  const chosen = pad.off ? OFF : String(pad.player ?? '');
  const pick = (value: string) => act.givePad(pad.index, value === OFF ? null : Number(value));
  return choiceRow(pad.name, [...choices, { value: OFF, label: 'Off' }], chosen, pick);
}
