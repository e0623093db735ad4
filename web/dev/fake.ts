// A made-up server for working on the looks: it answers the page's own `fetch`. Used by `npm run fake` and the screenshots only, never built.
//
// The address chooses what it plays: `?fake=empty`, `down`, `slow`, `auth`, `ends:REASON`, `one`, `far`, `guest`, `late`, `taken`, `retro`, `party`.

import type { ChangeViewer, Connected, CreatedInvite, EndReason, InputKind, Invitation, Invite, Participant, SavedState, SessionReceipt, Title } from '../src/api';
import { drawCover } from './covers';
import { FakeNode, receipt } from './node';
import { madeUpSettings } from './settings';

const NAMES: [string, string, InputKind[]][] = [
  ['Amber Dunes', 'Ride the last wind across an ocean of sand, and be home before the sun is down.', ['pad', 'keys']],
  ['Brick Weather', 'One paddle, one ball, and a wall that changes its mind.', ['pad', 'mouse']],
  ['Cold Orbit', 'You have fuel for three burns. Spend two of them well.', ['pad']],
  ['Garden Snake', 'It grows. You steer. There is less room than you think.', ['pad']],
  ['Lantern Deep', 'A cave, a lantern, and something that likes the dark.', ['pad', 'keys']],
  ['Neon Parallel', 'Outrun the horizon on a road that is only lines.', ['pad', 'touch']],
  ['Typing Tutor with a Rather Long Name Indeed', 'Words fall; type them before they land.', ['text', 'keys']],
  ['No Cover Here', '', ['pad']],
];
const LICENCES = ['MIT', 'Apache-2.0', null];

const fake = new URL(location.href).searchParams.get('fake') ?? '';
let signedIn = fake !== 'auth';
let node: FakeNode | null = null;
/** Outlives a reload, as a real one would. */
let session = JSON.parse(sessionStorage.getItem('fake-session') ?? 'null') as Record<string, unknown> | null;
const keep = (next: typeof session) => sessionStorage.setItem('fake-session', JSON.stringify((session = next)));

const titles: Title[] = [...NAMES, ...NAMES.slice(0, 5).map(([name, ...rest]) => [`${name} II`, ...rest] as (typeof NAMES)[number])].map(
  ([name, summary, input], i) => ({
    id: name.toLowerCase().replaceAll(' ', '-'),
    name,
    version: `1.${i}.0`,
    summary,
    authors: i % 3 ? ['A. Sample'] : ['A. Sample', 'B. Example'],
    licence: LICENCES[i % 3]!,
    tags: ['arcade', i % 2 ? 'retro' : 'calm'],
    listed: true,
    players: { min: 1, max: [1, 2, 4][i % 3]! },
    input,
    badges: i % 2 ? ['deterministic', 'snapshots', 'lossless'] : ['deterministic'],
    picture: i % 2 ? { width: 240, height: 160, format: 'indexed8' } : { width: 640, height: 360, format: 'rgba8' },
    cover: name.startsWith('No Cover') ? '' : drawCover(i),
    problem: name === 'Cold Orbit II' ? 'It imports `playfield:network@1`, a group this server does not offer.' : null,
  }),
);

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
const problem = (status: number, detail: string, reason?: string) => json({ type: '/docs/problems#fake', title: 'Fake', status, detail, reason }, status);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function answer(path: string, method: string, body: Record<string, string>): Promise<Response> {
  if (fake === 'down') throw new TypeError('made-up failure');
  if (path === '/api/v1/sign-in') return signIn(body.token!);
  if (path.startsWith('/api/v1/invite')) return invited(path);
  if (path.endsWith('/invites')) return method === 'POST' ? json(makeInvite(body), 201) : json({ invites });
  if (path.includes('/invites/')) return takeBack(path);
  if (path.includes('/viewers/') && session) return govern(path.split('/').at(-1)!, method, body);
  if (!signedIn) return problem(401, 'Sign in first.');
  if (path === '/api/v1/titles') return list();
  if (path === '/api/v1/sessions' && method === 'POST') return create(body);
  if (path.endsWith('/connections')) return session ? json(await connect(String(session.title), body.offer!)) : problem(404, 'There is no such session.');
  if (path.endsWith('/receipt')) return json(account());
  if (path.includes('/states')) return states(path, method);
  if (method === 'DELETE') keep(null);
  return session ? json(session) : problem(404, 'There is no such session.');
}

/** Three slots are taken at first, one of them by an older version. */
const saved: SavedState[] = [0, 1, 4].map((slot, i) => ({ slot, saved_ms: Date.now() - i * 9 * 3600_000, tick: 0, played_ms: 754_000 * (i + 1) ** 3, bytes: 1, picture: '', ...(i === 2 ? { unfit: 'It was made by another version of this title, and does not fit this one.' } : {}) }));

async function states(path: string, method: string): Promise<Response> {
  if (fake === 'unsaved') return json({ cannot: "This title's state cannot be saved: its core cannot save states.", slots: 6, states: [] });
  for (const [i, state] of saved.entries()) state.picture ||= await drawShot(i + 1);
  const slot = Number(/states\/(\d)/.exec(path)?.[1]);
  const at = saved.findIndex((state) => state.slot === slot);
  if (method === 'PUT') saved.splice(Math.max(at, 0), at < 0 ? 0 : 1, { slot, saved_ms: Date.now(), tick: 60, played_ms: 1000, bytes: 1, picture: await drawShot(slot) });
  if (method === 'DELETE') saved.splice(at, 1);
  if (method === 'POST' || method === 'DELETE') return new Response(null, { status: 204 });
  return json({ slots: 6, states: saved });
}

/** A cover, small, in place of a picture of a title. */
async function drawShot(n: number): Promise<string> {
  const image = Object.assign(new Image(), { src: drawCover(n) });
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: 192, height: 128 });
  canvas.getContext('2d')!.drawImage(image, 0, 0, 192, 128);
  return canvas.toDataURL('image/png').split(',')[1]!;
}

const invites: Invite[] = [];

function makeInvite(body: Record<string, string>): CreatedInvite {
  const expires_s = Number(body.expires_s ?? 3600);
  const invite = { id: `inv-${invites.length}`, role: body.role as Invite['role'], slot: body.slot === undefined ? null : Number(body.slot), expires_ms: expires_s ? Date.now() + expires_s * 1000 : null, uses: body.uses ? Number(body.uses) : null, used: 0 };
  invites.unshift(invite);
  return { invite, token: 'x', path: '/join#kqz8r3vtb0w5mfx_2hd9jc7gp4n-ys1v' };
}

/** A few guests, one of whom has a long name and one a name that is no good. */
function party(players: number): Participant[] {
  const guest = (n: number, name: string, seats: number[], more: Partial<Participant> = {}): Participant => ({ id: `vwr-${n}`, name, role: seats.length > 0 ? 'player' : 'spectator', seats, away: false, may: seats.length > 0 ? ['play', 'keyboard', 'pointer'] : [], link: 'good', ...more });
  return [guest(1, 'Wilhelmina von Langenname', players > 1 ? [1] : [], { expires_ms: Date.now() + 1800_000 }), guest(2, '<b>Ada</b>', players > 2 ? [2] : [], { link: 'poor' }), guest(3, 'Guest 4', [], { away: true })];
}

/** What the host does to people: here, nobody refuses. */
function govern(id: string, method: string, body: ChangeViewer): Response {
  if (method === 'DELETE') node!.people = node!.people.filter((person) => person.id !== id);
  for (const person of node!.people) {
    if (person.id !== id) continue;
    if (body.role === 'spectator') Object.assign(person, { role: 'spectator', seats: [] });
    if (body.slot !== undefined) Object.assign(person, { role: person.role === 'host' ? 'host' : 'player', seats: [body.slot] });
    if (body.name !== undefined) person.name = body.name || 'Host';
    if (body.may) person.may = body.may;
  }
  node!.tellPeople();
  return new Response(null, { status: 204 });
}

function takeBack(path: string): Response {
  invites.splice(invites.findIndex(({ id }) => path.endsWith(id)), 1);
  return new Response(null, { status: 204 });
}

async function invited(path: string): Promise<Response> {
  const title = titles[1]!;
  if (fake === 'late') return json({ type: '/docs/problems#inviteExpired', title: 'Fake', status: 410, detail: 'it was good for a while only; ask whoever invited you for another one' }, 410);
  if (path.endsWith('/cover')) return real(title.cover);
  const invite: Invite = { id: 'inv-0', role: fake === 'guest' ? 'spectator' : 'player', slot: fake === 'guest' ? null : 1, expires_ms: Date.now() + 1800_000, uses: null, used: 0 };
  const invitation: Invitation = { invite, session: 'ses-1', title: title.id, name: title.name, taken: fake === 'taken' };
  return json(invitation);
}

function signIn(token: string): Response {
  signedIn = token === 'secret';
  return signedIn ? new Response(null, { status: 204 }) : problem(401, 'Wrong token.');
}

async function list(): Promise<Response> {
  if (fake === 'slow') await pause(60_000);
  const shown = fake === 'empty' ? [] : fake === 'one' ? titles.slice(0, 1) : titles;
  return json({ titles: shown });
}

async function create(body: Record<string, string>): Promise<Response> {
  if (!titles.some((title) => title.id === body.title)) return problem(404, 'There is no such title.');
  if (fake === 'limit') return problem(429, 'This address may run 4 sessions at once; end one first.', 'limitReached');
  const created = { id: 'ses-0123456789bcdfgh', title: body.title, state: 'active', reason: null, detail: null, resumes: 0, created_ms: Date.now(), ended_ms: null };
  keep(created);
  const viewer = { id: 'vwr-0123456789bcdfgh', token: 'x'.repeat(32), role: 'host', slot: 0 };
  return json({ session: created, viewer, ...(await connect(body.title!, body.offer!)) }, 201);
}

async function connect(id: string, offer: string): Promise<Connected> {
  node?.close();
  const title = titles.find((other) => other.id === id)!;
  node = new FakeNode(title);
  if (fake === 'party') node.people.push(...party(node.title.players.max));
  if (fake === 'far') node.networkMs = 74;
  if (fake === 'retro') [node.settings, node.aspect] = [madeUpSettings(), 4 / 3];
  const ends = /^ends:(\w+)/.exec(fake)?.[1];
  if (ends) setTimeout(() => node?.end(ends as EndReason, ''), 1500);
  return { answer: await node.answer(offer), resumes: 0, input: title.input, keys_as_pad: true };
}

/** Totals as they come: a hump, and a few far out. */
function account(): SessionReceipt {
  const buckets = Array.from({ length: 60 }, (_, i): [number, number, number] => {
    const from = 6000 * 1.06 ** i;
    return [Math.round(from), Math.round(from * 1.06), Math.round(900 * Math.exp(-((i - 22) ** 2) / 60) + (i % 7 === 0 ? 6 : 0))];
  });
  const total = { name: 'total', count: 9000, sum_us: 0, min_us: 6000, max_us: 190_000, buckets: buckets.filter(([, , count]) => count > 0) };
  const figures = receipt(9184, fake === 'far' ? 74 : 3.2);
  const common = { ...figures, counts: {}, histograms: [total], without_input: { pictures: 0, sum_us: 0 } };
  return { ...common, session: String(session?.id), title: String(session?.title), created_ms: 0, ended_ms: 1, complete: true, parts: 1, viewers: [] };
}

const real = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input, location.href);
  if (!url.pathname.startsWith('/api/')) return real(input, init);
  return answer(url.pathname, init?.method ?? 'GET', init?.body ? JSON.parse(String(init.body)) : {});
};
Object.assign(globalThis, { fakeNode: () => node });
