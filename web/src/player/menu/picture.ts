// The page about the picture and the sound.

import type { VideoMode } from '../../api';
import type { Pixels, Scale } from '../fit';
import type { MenuActions, MenuModel } from './model';
import { choiceRow, hint, page, switchRow, type Choice } from './rows';

const SENT: Choice<VideoMode>[] = [
  { value: 'auto', label: 'Auto' },
  { value: 'lossless', label: 'Lossless' },
  { value: 'h264', label: 'H.264' },
];
const SIZES: Choice<Scale>[] = [
  { value: 'auto', label: 'Auto' },
  { value: 'fit', label: 'Fit' },
  { value: 'fill', label: 'Fill' },
  { value: 'integer', label: 'Whole' },
];
const DRAWN: Choice<Pixels>[] = [
  { value: 'auto', label: 'Auto' },
  { value: 'sharp', label: 'Sharp' },
  { value: 'smooth', label: 'Smooth' },
];
const SIZE_HINTS: Record<Scale, string> = {
  auto: 'As large as fits, in whole pixels where that costs little.',
  fit: 'As large as fits.',
  fill: 'No bars: what does not fit is cut off at two sides.',
  integer: 'Every pixel the same whole number of screen pixels.',
};

export function picturePage(model: MenuModel, act: MenuActions, back: () => void): HTMLElement {
  const about = hint(SIZE_HINTS[model.scale]);
  const scale = (scale: Scale) => {
    act.scale(scale);
    about.textContent = SIZE_HINTS[scale];
  };
  const sent = SENT.map((choice) => ({ ...choice, disabled: choice.value !== 'auto' && !model.videos.includes(choice.value) }));
  return page(
    'Picture and sound',
    back,
    choiceRow('Picture', sent, model.video, act.video),
    choiceRow('Size', SIZES, model.scale, scale),
    choiceRow('Pixels', DRAWN, model.pixels, act.pixels),
    about,
    switchRow('Silent in the background', model.quietHidden, act.quietHidden),
  );
}
