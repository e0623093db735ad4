// One sentence about what holds things up, from the stages that are measured anyway: which part takes most, and what could be done.
//
// Some time is nobody's fault: an input waits up to a tick, a picture up to a refresh of the screen. That much is not held against them.

import type { Stage } from '../api';

export type Part = 'network' | 'server' | 'title' | 'browser';

export interface Bottleneck {
  /** The part that takes most; null while nothing is slow, or nothing is known. */
  part: Part | null;
  sentence: string;
}

export interface Measured {
  stages: readonly Stage[];
  rttMs: number | null;
  pictures: number;
  /** Another way of sending the picture that could be chosen, by its name in the menu. */
  otherWay: string | null;
}

/** Below this from input to picture nobody feels a delay, in ms. */
const QUICK_MS = 60;
/** A stage of this much is worth a word even when the whole is quick: its worst is felt as stutter. In ms, at p95. */
const STUTTER_MS = 50;
const TICK_MS = 1000 / 60;

interface Kind {
  part: Part;
  /** What it does, after "takes … ms". */
  what: string;
  /** Time that belongs to it, in ms. */
  free?: number;
  help(otherWay: string | null): string;
}

const KINDS: Record<string, Kind> = {
  uplink: { part: 'network', what: 'to carry your input to the server', help: carry },
  network: { part: 'network', what: 'to carry the picture to you', help: carry },
  wait: { part: 'server', what: 'until the title takes your input', free: TICK_MS, help: () => 'it has more to do than it can; a server with fewer sessions would be quicker.' },
  guest: { part: 'title', what: 'to make a picture', help: () => 'nothing on your side changes that; a faster server would.' },
  convert: { part: 'server', what: "to convert the picture's colours", help: () => 'a smaller picture would be quicker.' },
  encode: { part: 'server', what: 'to encode the picture', help: (other) => choose(other) ?? 'a server with fewer sessions would be quicker.' },
  send: { part: 'server', what: 'to hand the picture to its network', help: () => 'its way out is full; fewer viewers or a smaller picture would help.' },
  decode: { part: 'browser', what: 'to decode the picture', help: (other) => `closing other tabs and programs helps.${other ? ` ${choose(other)}` : ''}` },
  present: { part: 'browser', what: 'to bring the picture to the screen', free: TICK_MS, help: () => 'full screen and fewer open programs help.' },
};

const NAMES: Record<Part, string> = { network: 'The network', server: 'The server', title: 'The title', browser: 'This browser' };

export function bottleneck(measured: Measured): Bottleneck {
  const stages = measured.stages.filter(({ name }) => name in KINDS);
  if (stages.length === 0) return withoutStages(measured);
  const total = measured.stages.find(({ name }) => name === 'total')?.p50_ms ?? sum(stages.map((stage) => stage.p50_ms));
  const worst = largest(stages, (stage) => stage.p50_ms);
  const jerky = largest(stages, (stage) => stage.p95_ms - stage.p50_ms);
  if (total >= QUICK_MS && over(worst, worst.p50_ms) > 0) return blame(worst, `${ms(worst.p50_ms)} of ${ms(total)}`, measured.otherWay);
  if (jerky.p95_ms >= STUTTER_MS) return blame(jerky, `at times ${ms(jerky.p95_ms)}`, measured.otherWay);
  return { part: null, sentence: `Nothing holds it up: ${ms(total)} from your press to the picture.` };
}

function withoutStages({ rttMs, pictures }: Measured): Bottleneck {
  if (rttMs !== null && rttMs > 2 * QUICK_MS) return { part: 'network', sentence: `The network takes ${ms(rttMs)} there and back: ${carry()}` };
  return { part: null, sentence: pictures === 0 ? 'No picture has come yet.' : 'Nothing stands out.' };
}

function blame(stage: Stage, share: string, otherWay: string | null): Bottleneck {
  const kind = KINDS[stage.name]!;
  return { part: kind.part, sentence: `${NAMES[kind.part]} takes ${share} ${kind.what}: ${kind.help(otherWay)}` };
}

/** What a stage takes beyond what is its own. */
function over(stage: Stage, took: number): number {
  return took - (KINDS[stage.name]!.free ?? 0);
}

function largest(stages: readonly Stage[], took: (stage: Stage) => number): Stage {
  return stages.reduce((most, stage) => (over(stage, took(stage)) > over(most, took(most)) ? stage : most));
}

function carry(): string {
  return 'a cable, or a place nearer to the access point, helps; the distance to the server stays.';
}

function choose(otherWay: string | null): string | null {
  return otherWay && `${otherWay}, under Picture in the menu, may be quicker.`;
}

function sum(values: number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
