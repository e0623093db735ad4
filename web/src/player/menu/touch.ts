// The page about fingers: what lies on the screen, where, and how solid.

import { settings, type TouchButtons, type TouchSteer } from '../settings';
import type { MenuActions, MenuModel } from './model';
import { choiceRow, hint, page, sliderRow, switchRow, type Choice } from './rows';

const STEERS: Choice<TouchSteer>[] = [
  { value: 'stick', label: 'Stick' },
  { value: 'cross', label: 'Cross' },
];
const BUTTONS: Choice<TouchButtons>[] = [
  { value: 'two', label: '2' },
  { value: 'four', label: '4' },
  { value: 'all', label: 'All' },
];
const POINTERS: Choice<'direct' | 'trackpad'>[] = [
  { value: 'direct', label: 'Point' },
  { value: 'trackpad', label: 'Trackpad' },
];

export function touchPage(model: MenuModel, act: MenuActions, back: () => void): HTMLElement {
  const now = settings();
  const controls = model.touchControls === null ? [] : [
    choiceRow('Direction', STEERS, now.touchSteer, (touchSteer) => act.touch({ touchSteer })),
    choiceRow('Buttons', BUTTONS, now.touchButtons, (touchButtons) => act.touch({ touchButtons })),
    sliderRow('Opacity', now.touchOpacity * 100, 20, (percent) => act.touch({ touchOpacity: percent / 100 })),
    switchRow('Left-handed', now.touchMirror, (touchMirror) => act.touch({ touchMirror })),
  ];
  const { touchPicture } = model;
  const pointer = touchPicture !== 'direct' && touchPicture !== 'trackpad' ? [] : [
    choiceRow('Finger on picture', POINTERS, touchPicture, (touchPointer) => act.touch({ touchPointer })),
    hint('Trackpad: one finger moves the pointer, a tap clicks, two fingers scroll, two tapped click right.'),
  ];
  return page('Touch screen', back, ...controls, ...pointer);
}
