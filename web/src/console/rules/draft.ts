// A rule while it is written: what is offered, and what is sent.

import type { Device, KnownRule, Rule, RuleAction, RuleKind, Title, When } from '../../api';
import { KINDS } from './say';

/** The distance of this browser's clock from UTC, as a schedule wants it: hours are those of whoever writes the rule. */
export function offset(at = new Date()): string {
  const minutes = -at.getTimezoneOffset();
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}

/** A rule to begin with: what this camera can tell. */
export function fresh(devices: Device[]): Rule {
  const device = devices[0];
  const watch = device?.desired.watch;
  const line = watch?.line[0];
  const event: RuleKind = line ? 'cross' : watch?.zone[0] ? 'enter' : 'gap';
  const place = line?.name ?? watch?.zone[0]?.name;
  const person = event !== 'gap' && device?.health?.labels.includes('person');
  return { name: '', enabled: true, devices: [device?.id ?? '*'], when: { event, ...(place && { place }), ...(person && { classes: ['person'] }) }, cool_down_s: 60, actions: [{ do: 'webhook', url: '' }] };
}

/** An action to begin with. */
export function action(kind: RuleAction['do'], titles: Pick<Title, 'id'>[]): RuleAction {
  const title = titles[0]?.id ?? '';
  switch (kind) {
    case 'webhook':
      return { do: 'webhook', url: '' };
    case 'mqtt':
      return { do: 'mqtt' };
    case 'mail':
      return { do: 'mail', to: [] };
    case 'input':
      return { do: 'input', title, player: 0, button: 'a', hold_ms: 150 };
    case 'steer':
      return { do: 'steer', title: titles.find(({ id }) => id === 'footfall')?.id ?? title, player: 1, along: 'x', axis: 'rx' };
  }
}

/** Something else is to happen: what no longer means anything goes, a place that there is comes. */
export function retold(when: When, event: RuleKind, devices: Device[]): When {
  const words = KINDS[event];
  const places = placesOf(event, devices);
  const kept = when.place && places.includes(when.place) ? when.place : event === 'present' ? undefined : places[0];
  const next: When = { event };
  if (kept) next.place = kept;
  if (words.classes && when.classes?.length) next.classes = when.classes;
  if ((event === 'crowd' || event === 'absent') && when.begins === false) next.begins = false;
  if (event !== 'present' && (when.times ?? 1) > 1) Object.assign(next, { times: when.times, within_s: when.within_s });
  return next;
}

/** Cameras that a rule is for. */
export function meant(rule: Rule, devices: Device[]): Device[] {
  return rule.devices.includes('*') ? devices : devices.filter(({ id }) => rule.devices.includes(id));
}

/** The places there are for such an event. */
export function placesOf(event: RuleKind, devices: Device[]): string[] {
  const kind = KINDS[event].place;
  const names = devices.flatMap(({ desired: { watch, app } }) => {
    const lines = watch.line.map(({ name }) => name);
    const zones = watch.zone.map(({ name }) => name);
    return { line: lines, zone: zones, any: [...lines, ...zones], app: app ? [app] : [], none: [] }[kind];
  });
  return [...new Set(names)];
}

/** What these cameras can tell apart. */
export function classesOf(devices: Device[]): string[] {
  return [...new Set(devices.flatMap((device) => device.health?.labels ?? []))];
}

/** What is sent: without what the server did not ask for. */
export function sent(rule: Rule | KnownRule): Rule {
  const { name, enabled, devices, when, during, cool_down_s, actions } = rule;
  const clean = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined && v !== null && v !== '')) as T;
  const acts = actions.map((one) => (one.do === 'webhook' ? one : clean(one)));
  return { name, enabled: enabled ?? true, devices, when: clean(when), ...(during && { during }), cool_down_s, actions: acts };
}
