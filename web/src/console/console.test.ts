import { expect, test } from 'vitest';
import { columns, nameOf } from './chart';
import { Stage, free } from './stage';
import type { Dataset } from '../api';
import { ago, inBytes, inMs, isKept, keptOf, saidBy, sentence, several, sourceOf } from './words';

test('counts become columns of the minutes there are, and the highest is known', () => {
  const counts = [
    { what: 'cross/road/out', minute: 11, count: 2 },
    { what: 'cross/road/in', minute: 11, count: 3 },
    { what: 'enter/crossing', minute: 12, count: 1 },
    { what: 'enter/crossing', minute: 99, count: 50 },
  ];
  const view = columns({ from: 10, to: 12, counts });
  expect(view.minutes.map(({ minute, parts }) => [minute, parts.map(({ count }) => count)])).toEqual([[10, []], [11, [3, 2]], [12, [1]]]);
  expect(view.most).toBe(5);
  expect(columns({ from: 5, to: 4, counts: [] })).toEqual({ minutes: [], series: [], names: {}, most: 0 });
});

test('sources are said, each in its words', () => {
  expect(sourceOf({ kind: 'scene' })).toBe('A drawn street');
  expect(sourceOf({ kind: 'file', path: 'yard.mp4' })).toBe('The video yard.mp4');
  expect(sourceOf({ kind: 'rtsp', url: 'rtsp://me:***@192.0.2.7/' })).toBe('rtsp://me:***@192.0.2.7/');
});

test('names are said as a person would', () => {
  const said = ['cross/main/road/in', 'enter/a', 'dwell/b', 'else'].map(nameOf);
  expect(said).toEqual(['main/road in', 'into a', 'stayed in b', 'else']);
});

test('figures are short', () => {
  expect([0, 999, 1000, 12_345, 999_600, 5e9].map(inBytes)).toEqual(['0 B', '999 B', '1.00 kB', '12.3 kB', '1.00 MB', '5.00 GB']);
  expect([500, 9_990, 15_400].map(inMs)).toEqual(['0.5 ms', '10.0 ms', '15 ms']);
  expect([0, 5_000, 180_000, 7_200_000].map(ago)).toEqual(['now', '5 s ago', '3 min ago', '2 h ago']);
  expect(several([{ class: 1, count: 2 }, { class: 0, count: 1 }, { class: 1, count: 1 }, { class: 9, count: 1 }], ['person', 'car'])).toBe('1 person, 3 car, 1 of class 9');
});

test('what happened is a sentence, whatever is missing', () => {
  const thing = { track: 7, class: 1, at: { x: 0, y: 0 }, zones: [], moves: true, speed_mps: 10 };
  const say = (event: object) => sentence({ time_ms: 0, thing, ...event } as never, ['person', 'car']);
  expect(say({ event: 'cross', line: 'road', direction: 'in' })).toBe('car 7 crossed road, in');
  expect(say({ event: 'leave', zone: 'z', seconds: 2.6, vanished: true })).toBe('car 7 was last seen in z, after 3 s');
  expect(say({ event: 'speed', zone: 'z' })).toBe('car 7 was fast in z: 36 km/h');
  expect(say({ event: 'crowd', zone: 'z', begins: true, count: 4, thing: undefined })).toBe('4 in z: a crowd');
});

test('paths end, and what is not seen any more fades', () => {
  const stage = new Stage();
  const object = { class: 0, score: 1, box: { left: 0, top: 0, right: 0.1, bottom: 0.1 }, track: 1 };
  for (let n = 0; n < 100; n++) stage.take({ frame: n, time_ms: n, objects: [object] }, n);
  const paths = (stage as unknown as { paths: Map<number, { points: unknown[] }> }).paths;
  expect(paths.get(1)?.points.length).toBe(40);
  stage.take({ frame: 101, time_ms: 101 }, 5_000);
  expect(paths.size).toBe(0);
});

test('what an app said is read field by field', () => {
  const value = { people_in: 3, by: { person: 2, car: 1 }, free: true };
  expect(saidBy({ app: 'a', time_ms: 0, value })).toEqual([['people in', '3'], ['by person', '2'], ['by car', '1'], ['free', 'true']]);
  expect(saidBy(null)).toEqual([]);
});

test('names stand below each other where they would lie on each other', () => {
  const there = [
    { left: 10, wide: 80, y: 100 },
    { left: 200, wide: 80, y: 100 },
    { left: 10, wide: 80, y: 121 },
  ];
  expect(free([], 10, 80, 100, 20)).toBe(100);
  expect(free(there, 105, 80, 100, 20), 'beside the first').toBe(100);
  expect(free(there, 50, 80, 95, 20), 'below the first and the third').toBe(141);
  expect(free(there, 230, 80, 110, 20), 'below the second').toBe(120);
});

test('a dataset says what it has of what it was to have', () => {
  const dataset = (every_ms: number, pictures: number, uploads: boolean, files: number): Dataset =>
    ({ every_ms, pictures, uploads, files }) as Dataset;
  const of = (...is: Parameters<typeof dataset>): string => keptOf(dataset(...is));
  expect(of(1_000, 1, false, 0)).toBe('1 picture');
  expect(of(1_000, 1, false, 2)).toBe('1 picture, 2 files');
  const [pictures, files] = [dataset(1_000, 0, false, 0), dataset(0, 0, true, 0)];
  expect(isKept([pictures])).toBe('Pictures of this camera are kept');
  expect(isKept([files])).toBe('What its app uploads is kept');
  expect(isKept([files, pictures])).toBe('Pictures of this camera are kept, and what its app uploads');
  expect(of(1_000, 12, true, 1)).toBe('12 pictures, 1 file');
  expect(of(0, 0, true, 0)).toBe('0 files');
});
