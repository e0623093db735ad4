import { expect, test } from 'vitest';
import type { Delivery, Device, Rule, Title } from '../../api';
import { action, fresh, offset, placesOf, retold, sent } from './draft';
import { blame, hours, list, many, plain, runs, sentence, span, who } from './say';
import { steers } from './steer';

const street = {
  id: 'dev-1',
  name: 'Street',
  health: { labels: ['person', 'car'] },
  desired: { watch: { line: [{ name: 'entrance', from: [0, 0], to: [1, 1] }], zone: [{ name: 'bay', points: [] }] } },
} as unknown as Device;
const titles = [{ id: 'pong', name: 'Pong', players: { min: 1, max: 2 } }] as unknown as Title[];
const say = (rule: Partial<Rule>) =>
  plain(sentence({ name: 'r', devices: ['dev-1'], when: { event: 'enter' }, cool_down_s: 0, actions: [], ...rule }, { devices: [street], titles }));

test('a rule is a sentence', () => {
  const cross: Rule['when'] = { event: 'cross', place: 'entrance', classes: ['person'], direction: 'in' };
  expect(say({ when: cross, actions: [{ do: 'webhook', url: 'https://example.com/x' }] })).toBe('When a person crosses entrance, inwards on Street: tell example.com.');
  const present: Rule['when'] = { event: 'present', classes: ['person'] };
  expect(say({ when: present, actions: [{ do: 'steer', title: 'pong', player: 1, axis: 'rx' }] })).toBe(
    'While a person is in the picture on Street, where they are moves the right stick in Pong, seat 2.',
  );
  expect(say({ devices: ['*'], when: { event: 'absent', place: 'bay', at_least: 60, begins: false } })).toBe('When somebody is again in bay for at least 1 minute on any camera.');
  expect(say({ when: { event: 'speed', place: 'bay', at_least: 10, times: 3, within_s: 60 } })).toBe('When anything is too fast in bay, at least 36 km/h, 3 times within 1 minute on Street.');
  expect(say({ actions: [{ do: 'input', title: 'gone', button: 'a', hold_ms: 9 }, { do: 'mail', to: ['a@b', 'c@d'] }] })).toBe(
    'When anything comes into any zone on Street: press A in gone, and write to a@b and c@d.',
  );
});

test('words of a sentence', () => {
  expect([who([]), who(['person', 'animal', 3])]).toEqual(['anything', 'a person, an animal or class 3']);
  expect([many(undefined), many(['person', 'car'])]).toEqual(['anything', 'people and cars']);
  expect([0, 45, 60, 5_400, 86_400].map(span)).toEqual(['0 s', '45 s', '1 minute', '90 minutes', '1 day']);
  expect(hours({ days: ['sat', 'sun'], from: '00:00', to: '24:00', utc_offset: '+00:00' })).toBe('at weekends');
  expect(hours({ days: ['mon', 'wed'], from: '22:00', to: '06:00', utc_offset: '+00:00' })).toBe('on Mon and Wed, from 22:00 to 06:00');
  expect(list(['a', 'b', 'c'], 'and')).toBe('a, b and c');
});

test('what was wrong is said at its field', () => {
  expect(blame('`actions[0].url`: must begin with https://')).toEqual({ key: 'actions[0].url', says: 'Must begin with https://.' });
  expect(blame('the server is full')).toEqual({ key: '', says: 'The server is full.' });
});

test('a draft offers what the camera has, and keeps what still means something', () => {
  expect(fresh([street]).when).toEqual({ event: 'cross', place: 'entrance', classes: ['person'] });
  expect(fresh([]).devices).toEqual(['*']);
  expect(placesOf('route', [street, street])).toEqual(['entrance', 'bay']);
  const cross: Rule['when'] = { event: 'cross', place: 'entrance', classes: ['car'], direction: 'out', times: 3, within_s: 9 };
  expect(retold(cross, 'enter', [street])).toEqual({ event: 'enter', place: 'bay', classes: ['car'], times: 3, within_s: 9 });
  expect(retold(cross, 'present', [street])).toEqual({ event: 'present', classes: ['car'] });
  expect(retold(cross, 'gap', [street])).toEqual({ event: 'gap', times: 3, within_s: 9 });
});

test('what is sent is what the server asks for', () => {
  const rule = { ...fresh([street]), id: 'x', secret: 'y', actions: [{ do: 'mqtt', topic: '' }, action('steer', titles)] } as Rule;
  expect(sent(rule).actions).toEqual([{ do: 'mqtt' }, { do: 'steer', title: 'pong', player: 1, along: 'x', axis: 'rx' }]);
  expect(Object.keys(sent(rule))).toEqual(['name', 'enabled', 'devices', 'when', 'cool_down_s', 'actions']);
  expect(offset(new Date(0))).toMatch(/^[+-]\d\d:\d\d$/);
});

test('what is the same several times in a row is said once', () => {
  const one = (number: number, changes: Partial<Delivery> = {}): Delivery => ({ id: `d${number}`, number, rule: 'r', device: 'd', action: { do: 'mqtt' }, state: 'givenUp', tries: 1, detail: 'no', created_ms: number, ...changes });
  const told = runs([one(9), one(8), one(7, { detail: 'yes' }), one(6, { state: 'waiting' }), one(5, { state: 'waiting' }), one(4), one(3, { device: undefined })]);
  expect(told.map(({ newest, oldest, count }) => [newest.number, oldest.number, count])).toEqual([[9, 8, 2], [7, 7, 1], [6, 6, 1], [5, 5, 1], [4, 4, 1], [3, 3, 1]]);
});

test('who steers is shown as the server has it', () => {
  const at = (track: number, x: number) => ({ track, class: 0, score: 1, box: { left: x - 0.05, right: x + 0.05, top: 0.3, bottom: 0.5 } });
  const all = () => true;
  const first = steers([at(1, 0.25)], null, {}, undefined, all)!;
  expect([first.track, first.there]).toEqual([1, -0.5]);
  expect(steers([at(2, 0.2), at(1, 0.75)], first, { mirror: true }, undefined, all)).toMatchObject({ track: 1, there: -0.5 });
  expect(steers([at(3, 0.9), at(2, 0.3)], first, {}, undefined, all)).toMatchObject({ track: 2 });
  const zone = { name: 'z', points: [[0.2, 0], [0.3, 0], [0.3, 1], [0.2, 1]] as [number, number][] };
  expect(steers([at(3, 0.9), at(2, 0.25)], null, {}, zone, all)!.there).toBeCloseTo(0);
  expect(steers([at(3, 0.9)], first, {}, zone, all)).toBeNull();
});
