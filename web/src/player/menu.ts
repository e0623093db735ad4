// The menu: everything one may want while playing, in one column.

import type { VideoMode } from '../api';
import { h } from './dom';

export interface MenuModel {
  name: string;
  muted: boolean;
  volume: number;
  video: VideoMode;
  videos: VideoMode[];
  stats: boolean;
  fullscreen: boolean;
  touchpad: boolean | null;
  canLeave: boolean;
  /** The title reads keys, so a short press of Escape is its own. */
  holdEscape: boolean;
}

export interface MenuActions {
  resume(): void;
  mute(): void;
  volume(volume: number): void;
  video(mode: VideoMode): void;
  stats(): void;
  fullscreen(): void;
  touchpad(): void;
  share(): Promise<string>;
  restart(): void;
  leave(): void;
}

const VIDEO_NAMES: Record<VideoMode, string> = { auto: 'Auto', lossless: 'Lossless', h264: 'H.264' };

export function menuView(model: MenuModel, act: MenuActions): HTMLElement {
  const row = (label: string, press: () => void, value = '') => {
    const button = h('button', { class: 'row', type: 'button', on: { click: press } }, label);
    if (value) button.append(h('span', { class: 'value' }, value));
    return button;
  };
  return h(
    'div',
    { class: 'card menu' },
    h('h2', {}, model.name),
    h('button', { class: 'row primary', type: 'button', on: { click: act.resume } }, 'Resume'),
    volumeRow(model, act),
    videoRow(model, act),
    row('Full screen', act.fullscreen, onOff(model.fullscreen)),
    ...(model.touchpad === null ? [] : [row('Touch controls', act.touchpad, onOff(model.touchpad))]),
    row('Statistics', act.stats, onOff(model.stats)),
    shareRow(act),
    row('Restart', act.restart),
    row(model.canLeave ? 'Leave' : 'End session', act.leave),
    h('p', { class: 'hint' }, `${model.holdEscape ? 'Hold Escape' : 'Escape'}, or hold Start and Select, to open this menu.`),
  );
}

function onOff(on: boolean): string {
  return on ? 'On' : 'Off';
}

function volumeRow(model: MenuModel, act: MenuActions): HTMLElement {
  const percent = () => (slider.value === '0' ? 'Off' : `${slider.value} %`);
  const slider = h('input', {
    type: 'range',
    min: '0',
    max: '100',
    step: '5',
    value: String(model.muted ? 0 : Math.round(model.volume * 100)),
    aria: { label: 'Volume' },
    on: {
      input: () => {
        act.volume(slider.valueAsNumber / 100);
        value.textContent = percent();
      },
    },
  });
  const value = h('span', { class: 'value' }, percent());
  return h('label', { class: 'row slider' }, 'Sound', slider, value);
}

function videoRow(model: MenuModel, act: MenuActions): HTMLElement {
  const buttons = (['auto', 'lossless', 'h264'] as const).map((mode) =>
    h(
      'button',
      {
        type: 'button',
        disabled: mode !== 'auto' && !model.videos.includes(mode),
        aria: { pressed: String(mode === model.video) },
        on: {
          click: () => {
            act.video(mode);
            buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(i === ['auto', 'lossless', 'h264'].indexOf(mode))));
          },
        },
      },
      VIDEO_NAMES[mode],
    ),
  );
  return h('div', { class: 'row choice', aria: { role: 'group', label: 'Picture' } }, 'Picture', h('span', { class: 'segments' }, ...buttons));
}

function shareRow(act: MenuActions): HTMLElement {
  const value = h('span', { class: 'value', aria: { live: 'polite' } });
  const share = async () => {
    value.textContent = await act.share();
  };
  return h('button', { class: 'row', type: 'button', on: { click: () => void share() } }, 'Share a link', value);
}
