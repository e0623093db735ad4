// Rules as people say them: what must happen, when, and what follows.

import type { Delivery, Device, KnownRule, Rule, RuleAction, RuleKind, Schedule, Title, When } from '../../api';

/** A piece of a sentence; what may be another in another rule stands out. */
export interface Piece {
  text: string;
  bold?: boolean;
}

/** What is known of the place that a rule is for. */
export interface World {
  devices: Device[];
  titles: Pick<Title, 'id' | 'name'>[];
}

export interface KindWords {
  /** As the verb after who does it, or as all of it. */
  verb: string;
  /** Whether somebody does it. */
  who: boolean;
  /** Whether classes mean something. */
  classes: boolean;
  place: 'line' | 'zone' | 'any' | 'app' | 'none';
  /** What stands before the place. */
  at: string;
  /** What its number is of. */
  least?: 's' | 'things' | 'km/h';
}

export const KINDS: Record<RuleKind, KindWords> = {
  cross: { verb: 'crosses', who: true, classes: true, place: 'line', at: '' },
  enter: { verb: 'comes into', who: true, classes: true, place: 'zone', at: '' },
  leave: { verb: 'leaves', who: true, classes: true, place: 'zone', at: '', least: 's' },
  dwell: { verb: 'stays in', who: true, classes: true, place: 'zone', at: '', least: 's' },
  speed: { verb: 'is too fast in', who: true, classes: true, place: 'zone', at: '', least: 'km/h' },
  route: { verb: 'arrives from elsewhere at', who: true, classes: true, place: 'any', at: '', least: 's' },
  present: { verb: 'is in', who: true, classes: true, place: 'zone', at: '' },
  crowd: { verb: 'a crowd gathers in', who: false, classes: true, place: 'zone', at: '', least: 'things' },
  absent: { verb: 'nobody is in', who: false, classes: false, place: 'zone', at: '', least: 's' },
  count: { verb: 'the count is told of', who: false, classes: true, place: 'any', at: '', least: 'things' },
  gap: { verb: 'there are no pictures', who: false, classes: false, place: 'none', at: '', least: 's' },
  app: { verb: 'something is said by the app', who: false, classes: false, place: 'app', at: '' },
};

export const NO_PLACE: Record<KindWords['place'], string> = { line: 'any line', zone: 'any zone', any: 'any place', app: 'of any name', none: '' };

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DAY_NAMES: Record<string, string> = { mon: 'Mon', tue: 'Tue', wed: 'Wed', thu: 'Thu', fri: 'Fri', sat: 'Sat', sun: 'Sun' };
export const dayName = (day: string) => DAY_NAMES[day] ?? day;

/** The words of a list: one, another or a third. */
export function list(words: string[], last: 'or' | 'and' = 'or'): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

/** Who does it: `a person or a car`. */
export function who(classes: (string | number)[] | undefined): string {
  const one = (name: string | number) => (typeof name === 'number' ? `class ${name}` : `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`);
  return classes?.length ? list(classes.map(one)) : 'anything';
}

/** What is counted: `people and cars`. */
export function many(classes: (string | number)[] | undefined): string {
  const all = (name: string | number) => (typeof name === 'number' ? `class ${name}` : name === 'person' ? 'people' : `${name}s`);
  return classes?.length ? list(classes.map(all), 'and') : 'anything';
}

/** Seconds, as a person would say them. */
export function span(seconds: number): string {
  const units: [number, string][] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ];
  for (const [size, name] of units) if (seconds >= size && seconds % size === 0) return seconds === size ? `1 ${name}` : `${seconds / size} ${name}s`;
  return `${seconds} s`;
}

export function hours({ days, from, to }: Schedule): string {
  const all = !days?.length || days.length === 7;
  const week = all ? '' : days.join() === 'mon,tue,wed,thu,fri' ? 'on weekdays' : days.join() === 'sat,sun' ? 'at weekends' : `on ${list(days.map(dayName), 'and')}`;
  const whole = from === '00:00' && (to === '24:00' || to === '00:00');
  return [week, whole ? '' : `from ${from} to ${to}`].filter(Boolean).join(', ') || 'at any time';
}

export function cameras(devices: string[], world: World): string {
  if (devices.includes('*')) return 'any camera';
  return list(devices.map((id) => world.devices.find((device) => device.id === id)?.name ?? 'a camera that is gone'));
}

function happens(when: When): Piece[] {
  const words = KINDS[when.event];
  const b = (text: string): Piece => ({ text, bold: true });
  const pieces: Piece[] = [];
  const ends = when.begins === false;
  if (words.who) pieces.push(b(who(when.classes)), { text: ' ' });
  const verb =
    ends && when.event === 'crowd' ? 'a crowd is over in' : ends && when.event === 'absent' ? 'somebody is again in' : when.event === 'present' && !when.place ? 'is in the picture' : words.verb;
  pieces.push({ text: verb });
  if (words.place !== 'none' && !(when.event === 'present' && !when.place)) pieces.push({ text: ' ' }, b(when.place ?? NO_PLACE[words.place]));
  if (when.direction) pieces.push({ text: ', ' }, b(when.direction === 'in' ? 'inwards' : 'outwards'));
  if (!words.who && when.classes?.length) pieces.push({ text: ' of ' }, b(many(when.classes)));
  if (when.at_least !== undefined) pieces.push({ text: when.event === 'dwell' || when.event === 'absent' ? ' for ' : ', ' }, b(least(when)));
  if ((when.times ?? 1) > 1) pieces.push({ text: ', ' }, b(`${when.times} times`), { text: ` within ${span(when.within_s ?? 60)}` });
  return pieces;
}

function least({ event, at_least = 0 }: When): string {
  const unit = KINDS[event].least;
  if (unit === 's') return `at least ${span(at_least)}`;
  return unit === 'km/h' ? `at least ${Math.round(at_least * 3.6)} km/h` : `at least ${at_least}`;
}

const BUTTONS: Record<string, string> = { up: 'up', down: 'down', left: 'left', right: 'right' };
const AXES: Record<string, [string, string, string]> = {
  lx: ['the left stick', 'left', 'right'],
  ly: ['the left stick', 'up', 'down'],
  rx: ['the right stick', 'left', 'right'],
  ry: ['the right stick', 'up', 'down'],
};
export const buttonName = (button: string) => BUTTONS[button] ?? button.toUpperCase();

export function titleOf(action: RuleAction, world: World): string {
  if (action.do !== 'input' && action.do !== 'steer') return '';
  if (action.session) return 'one session';
  return world.titles.find(({ id }) => id === action.title)?.name ?? action.title ?? '';
}

/** What follows, beginning with a verb. */
export function follows(action: RuleAction, world: World): Piece[] {
  const b = (text: string): Piece => ({ text, bold: true });
  switch (action.do) {
    case 'webhook':
      return [{ text: 'tell ' }, b(hostOf(action.url))];
    case 'mqtt':
      return action.topic ? [{ text: 'publish ' }, b(action.topic)] : [{ text: 'tell ' }, b('the MQTT broker')];
    case 'mail':
      return [{ text: 'write to ' }, b(list(action.to, 'and'))];
    case 'input': {
      const seat = action.player ? `, seat ${action.player + 1}` : '';
      const [stick, less, more] = AXES[action.axis ?? ''] ?? ['', '', ''];
      const what = action.button ? [{ text: 'press ' }, b(buttonName(action.button))] : [{ text: `push ${stick} ` }, b((action.value ?? 0) < 0 ? less : more)];
      return [...what, { text: ' in ' }, b(titleOf(action, world)), { text: seat }];
    }
    case 'steer': {
      const seat = action.player ? `, seat ${action.player + 1}` : '';
      const what = action.buttons ? `${buttonName(action.buttons[0])} and ${buttonName(action.buttons[1])}` : (AXES[action.axis ?? '']?.[0] ?? 'a stick');
      return [{ text: 'where they are moves ' }, b(what), { text: ' in ' }, b(titleOf(action, world)), { text: seat }];
    }
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url || 'nobody yet';
}

/** All of a rule, in a sentence. */
export function sentence(rule: Rule, world: World): Piece[] {
  const lasts = rule.when.event === 'present';
  const pieces: Piece[] = [{ text: lasts ? 'While ' : 'When ' }, ...happens(rule.when), { text: ' on ' }, { text: cameras(rule.devices, world), bold: true }];
  if (rule.during) pieces.push({ text: ', ' }, { text: hours(rule.during), bold: true });
  rule.actions.forEach((action, at) => pieces.push({ text: at === 0 ? (lasts ? ', ' : ': ') : ', and ' }, ...follows(action, world)));
  pieces.push({ text: '.' });
  return pieces;
}

export const plain = (pieces: Piece[]) => pieces.map(({ text }) => text).join('');

/** What can be done of a title from its page: the first that a rule touches. */
export function touched(rule: KnownRule, world: World): { id: string; name: string } | undefined {
  for (const action of rule.actions) {
    if ((action.do === 'input' || action.do === 'steer') && action.title) return world.titles.find(({ id }) => id === action.title);
  }
  return undefined;
}

/** What was wrong, and of which field: the server says it as `` `key`: sentence ``. */
export function blame(detail: string): { key: string; says: string } {
  const found = /^`([\w.[\]]+)`:? (.*)$/s.exec(detail);
  const says = found?.[2] ?? detail;
  return { key: found?.[1] ?? '', says: says.charAt(0).toUpperCase() + says.slice(1) + (/[.!?]$/.test(says) ? '' : '.') };
}

/** Several in a row of which the same is to be said. */
export interface Run {
  newest: Delivery;
  oldest: Delivery;
  count: number;
}

export function runs(deliveries: Delivery[]): Run[] {
  const same = (a: Delivery, b: Delivery) => a.state !== 'waiting' && a.state === b.state && a.rule === b.rule && a.detail === b.detail && !a.device === !b.device && JSON.stringify(a.action) === JSON.stringify(b.action);
  const all: Run[] = [];
  for (const one of deliveries) {
    const last = all.at(-1);
    if (last && same(last.newest, one)) {
      last.oldest = one;
      last.count += 1;
    } else all.push({ newest: one, oldest: one, count: 1 });
  }
  return all;
}
