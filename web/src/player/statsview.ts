// The statistics overlay: a few numbers, the stages a picture passes, and one sentence.

import type { Stage } from '../api';
import { h } from './dom';
import type { PlayerStats } from './stats';

const STAGES: Record<string, string> = {
  uplink: 'To the server',
  wait: 'Wait for tick',
  guest: 'Title',
  convert: 'Convert',
  encode: 'Encode',
  send: 'Send',
  network: 'Network',
  decode: 'Decode',
  present: 'Present',
  total: 'Input to picture',
};

export function statsView(stats: PlayerStats): HTMLElement[] {
  const ms = (value: number | null, digits = 1) => (value === null ? '–' : `${value.toFixed(digits)} ms`);
  const numbers: [string, string][] = [
    ['Pictures', `${stats.fps.toFixed(0)}/s`],
    ['Picture age', ms(stats.pictureAgeMs)],
    ['Round trip', ms(stats.rttMs)],
    ['Rate', rate(stats.bitrateBps)],
    ['Picture', stats.width ? `${stats.width}×${stats.height} ${stats.video === 'h264' ? stats.codec : stats.video}` : '–'],
    ['First picture', ms(stats.firstFrameMs, 0)],
  ];
  const list = h('dl', {}, ...numbers.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
  const stages = stats.receipt?.stages ?? [];
  const limited = stats.limited === null ? [] : [verdict(stats.limited, true)];
  return [list, ...(stages.length > 0 ? [stageTable(stages)] : []), ...limited, verdict(stats.bottleneck.sentence, stats.bottleneck.part !== null), ...(stats.refused > 0 ? [h('p', {}, `Not passed on, since you may not: ${stats.refused} ${stats.refused === 1 ? 'message' : 'messages'}.`)] : [])];
}

function verdict(sentence: string, slow: boolean): HTMLElement {
  const line = h('p', { class: 'verdict' }, sentence);
  line.toggleAttribute('data-slow', slow);
  return line;
}

function rate(bps: number | null): string {
  if (bps === null) return '–';
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bps / 1000)} kbit/s`;
}

function stageTable(stages: Stage[]): HTMLElement {
  const longest = Math.max(1, ...stages.filter((stage) => stage.name !== 'total').map((stage) => stage.p95_ms));
  const rows = stages.map((stage) => {
    const bar = h('i', {});
    bar.style.width = `${Math.min(100, (stage.p50_ms / longest) * 100)}%`;
    return h(
      'tr',
      { class: stage.name === 'total' ? 'total' : '' },
      h('th', {}, STAGES[stage.name] ?? stage.name),
      h('td', { class: 'bar' }, stage.name === 'total' ? '' : bar),
      h('td', {}, stage.p50_ms.toFixed(1)),
      h('td', {}, stage.p95_ms.toFixed(1)),
    );
  });
  const head = h('tr', {}, h('th', {}, 'ms'), h('td', {}), h('td', {}, 'p50'), h('td', {}, 'p95'));
  return h('table', {}, head, ...rows);
}
