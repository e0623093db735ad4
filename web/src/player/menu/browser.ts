// The page about this browser: what it lacks, and what that means here.

import { lacks } from '../browser';
import { h } from '../dom';
import { hint, page } from './rows';

export function browserPage(back: () => void): HTMLElement {
  const missing = lacks();
  if (missing.length === 0) return page('This browser', back, hint('It has everything that playing here can use.'));
  const items = missing.flatMap(({ name, means }) => [h('dt', {}, name), h('dd', {}, means)]);
  const plays = missing.every(({ ability }) => ability !== 'webrtc');
  return page('This browser', back, hint(plays ? 'It plays, and does without:' : 'It cannot play, for want of:'), h('dl', { class: 'lacks' }, ...items));
}
