import { expect, test } from 'vitest';
import type { Title } from '../api';
import { offerOf, refusalOf } from './refusals';
import { routeOf, safeNext } from './route';
import { nearest, type Direction, type Rect } from './spatial';
import { search } from './search';
import { initials, players } from './words';

const at = (x: number, y: number, w = 90, h = 90): Rect => ({ left: x, top: y, right: x + w, bottom: y + h });

/** Three columns of 100, two rows and a short one, under a wide bar. */
const GRID = [at(0, 0, 290, 40), at(0, 100), at(100, 100), at(200, 100), at(0, 200), at(100, 200), at(200, 200), at(0, 300)];

function check(from: number, direction: Direction, expected: number): void {
  const others = GRID.map((rect, i) => ({ rect, i })).filter(({ i }) => i !== from);
  const found = nearest(GRID[from]!, others.map(({ rect }) => rect), direction);
  expect(found < 0 ? -1 : others[found]!.i, `${direction} from ${from}`).toBe(expected);
}

test('a grid moves straight', () => {
  check(1, 'right', 2);
  check(2, 'right', 3);
  check(3, 'left', 2);
  check(2, 'down', 5);
  check(5, 'up', 2);
});

test('edges of the grid are edges', () => {
  check(3, 'right', -1);
  check(1, 'left', -1);
  check(7, 'down', -1);
});

test('a short last row is reached from everywhere above it', () => {
  check(4, 'down', 7);
  check(5, 'down', 7);
  check(6, 'down', 7);
});

test('the bar above is reached from every column, and leads back', () => {
  for (const from of [1, 2, 3]) check(from, 'up', 0);
  check(0, 'down', 2);
});

test('a link leads to what it says, and where it does not there is a sentence', () => {
  const invite = (role: 'player' | 'spectator', slot: number | null) => ({ invite: { id: 'inv-1', role, slot, expires_ms: 0, uses: null, used: 0 }, session: 's', title: 'duel', name: 'A Duel', taken: false });
  expect(offerOf(invite('player', 1))).toEqual({ headline: 'Play as player 2 in A Duel', action: 'Play' });
  expect(offerOf(invite('player', null))).toEqual({ headline: 'Play A Duel', action: 'Play' });
  expect(offerOf(invite('spectator', null))).toEqual({ headline: 'Watch A Duel', action: 'Watch' });
  expect(refusalOf('inviteExpired', 'it was good for a while only; ask for another one')).toEqual({ headline: 'The link has expired', sentence: 'It was good for a while only; ask for another one.', again: false });
  expect(refusalOf('sessionEnded', 'The title is over.').sentence).toBe('The session has ended. The title is over.');
  expect(refusalOf('seatTaken', 'somebody plays as player 2 already')).toEqual({ headline: 'The seat is taken', sentence: 'Somebody plays as player 2 already.', again: true });
  expect(refusalOf('', 'the server answered 500').headline).toBe('That did not work');
});

test('addresses are pages', () => {
  const page = (path: string) => routeOf(new URL(path, 'http://localhost'));
  expect(page('/')).toEqual({ page: 'home' });
  expect(page('/join#abc')).toEqual({ page: 'join', token: 'abc' });
  expect(page('/play/space%20race')).toEqual({ page: 'play', title: 'space race' });
  expect(page('/test')).toEqual({ page: 'test' });
  expect(page('/sign-in?next=/play/x')).toEqual({ page: 'signIn', next: '/play/x' });
  expect(page('/nowhere')).toEqual({ page: 'lost' });
});

test('signing in never leads to another site', () => {
  expect(['//evil.example', 'https://evil.example', '/\\evil.example', null].map(safeNext)).toEqual(['/', '/', '/', '/']);
});

const title = (name: string, tags: string[] = []): Title => ({
  id: name.toLowerCase(),
  name,
  version: '1.0.0',
  summary: '',
  authors: [],
  licence: null,
  tags,
  listed: true,
  players: { min: 1, max: 1 },
  input: ['pad'],
  badges: [],
  picture: null,
  cover: '',
  problem: null,
});

test('search wants every word somewhere and puts names first', () => {
  const list = [title('Alpha', ['beta race']), title('Beta Race'), title('Gamma')];
  const names = (query: string) => search(list, query).map((found) => found.name);
  expect(names('')).toEqual(['Alpha', 'Beta Race', 'Gamma']);
  expect(names('beta')).toEqual(['Beta Race', 'Alpha']);
  expect(names('race  BETA')).toEqual(['Beta Race', 'Alpha']);
  expect(names('delta')).toEqual([]);
});

test('what is no game is found by searching, and shown where there is nothing else', () => {
  const [game, tool] = [title('Pong'), { ...title('Probe'), listed: false }];
  const names = (list: Title[], query = '') => search(list, query).map((found) => found.name);
  expect(names([game, tool])).toEqual(['Pong']);
  expect(names([game, tool], 'pro')).toEqual(['Probe']);
  expect(names([game, { ...tool, problem: 'no module' }])).toEqual(['Pong', 'Probe']);
  expect(names([tool])).toEqual(['Probe']);
});

test('words', () => {
  expect([players({ min: 1, max: 1 }), players({ min: 1, max: 4 }), players({ min: 2, max: 2 })]).toEqual(['1 player', '1–4 players', '2 players']);
  expect([initials('Space Race'), initials('pong')]).toEqual(['SR', 'PO']);
});
