// What the player keeps in the browser: the session of this tab, the profile's secret, and settings.
//
// Storage may be forbidden (private windows, embedding): then things are forgotten with the page, and nothing else changes.

/** How to come back to a session. */
export interface Ticket {
  session: string;
  viewer: string;
  token: string;
}

const SESSION = 'playfield.session:';
const PROFILE = 'playfield.profile';
const SETTINGS = 'playfield.settings';

export interface Settings {
  volume: number;
  muted: boolean;
  video: 'auto' | 'lossless' | 'h264';
  stats: boolean;
}

const DEFAULTS: Settings = { volume: 1, muted: false, video: 'auto', stats: false };

export function ticketOf(title: string): Ticket | null {
  return read<Ticket>(tab(), SESSION + title);
}

export function keepTicket(title: string, ticket: Ticket): void {
  write(tab(), SESSION + title, ticket);
}

export function forgetTicket(title: string): void {
  attempt(() => tab()?.removeItem(SESSION + title));
}

/** Sessions of other titles that this tab left behind; they are forgotten here by asking. */
export function takeOtherTickets(title: string): Ticket[] {
  const store = tab();
  const keys = Array.from({ length: store?.length ?? 0 }, (_, i) => store!.key(i)!);
  const others = keys.filter((key) => key.startsWith(SESSION) && key !== SESSION + title);
  const tickets = others.map((key) => read<Ticket>(store, key)).filter((ticket) => ticket !== null);
  others.forEach((key) => attempt(() => store?.removeItem(key)));
  return tickets;
}

/** The secret whose saves are used; made up at the first call. */
export function profile(): string {
  const kept = read<string>(lasting(), PROFILE);
  if (kept) return kept;
  const fresh = randomText(32);
  write(lasting(), PROFILE, fresh);
  return fresh;
}

export function settings(): Settings {
  return { ...DEFAULTS, ...read<Partial<Settings>>(lasting(), SETTINGS) };
}

export function keepSettings(change: Partial<Settings>): void {
  write(lasting(), SETTINGS, { ...settings(), ...change });
}

/** `bytes` random bytes in hexadecimal. Unlike `randomUUID`, this works in pages without a secure context too. */
export function randomText(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function tab(): Storage | null {
  return attempt(() => sessionStorage);
}

function lasting(): Storage | null {
  return attempt(() => localStorage);
}

function read<T>(store: Storage | null, key: string): T | null {
  return attempt(() => JSON.parse(store?.getItem(key) ?? 'null') as T | null);
}

function write(store: Storage | null, key: string, value: unknown): void {
  attempt(() => store?.setItem(key, JSON.stringify(value)));
}

function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}
