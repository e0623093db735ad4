// What the player keeps in the browser: the session of this tab, the profile's secret, and what keys and buttons were changed to.
//
// Storage may be forbidden (private windows, embedding): then things are forgotten with the page, and nothing else changes.

import type { Role } from '../api';
import { isEmpty, parseLayer, type Layer } from './input/bindings';

/** How to come back to a session. */
export interface Ticket {
  session: string;
  viewer: string;
  token: string;
  /** What we are there. */
  role: Role;
  /** The title's name, where a link told it: a guest may not ask the catalogue. */
  name?: string;
}

const SESSION = 'playfield.session:';
const PROFILE = 'playfield.profile';
const NAME = 'playfield.name';
const BINDINGS = 'playfield.bindings';

export function ticketOf(title: string): Ticket | null {
  const ticket = read<Ticket>(tab(), SESSION + title);
  return ticket && { ...ticket, role: ticket.role ?? 'host' };
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

/** What we called ourselves last; empty if nothing. */
export function nameOf(): string {
  return read<string>(lasting(), NAME) ?? '';
}

export function keepName(name: string): void {
  if (name.trim()) write(lasting(), NAME, name.trim());
  else attempt(() => lasting()?.removeItem(NAME));
}

/** The changed keys and buttons of a title; of all titles for null. */
export function layerOf(title: string | null): Layer {
  return parseLayer(read(lasting(), bindingsKey(title)));
}

export function keepLayer(title: string | null, layer: Layer): void {
  const key = bindingsKey(title);
  if (isEmpty(layer)) attempt(() => lasting()?.removeItem(key));
  else write(lasting(), key, layer);
}

function bindingsKey(title: string | null): string {
  return title === null ? BINDINGS : `${BINDINGS}:${title}`;
}

/** `bytes` random bytes in hexadecimal. Unlike `randomUUID`, this works in pages without a secure context too. */
export function randomText(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function tab(): Storage | null {
  return attempt(() => sessionStorage);
}

/** What stays when the browser is closed. */
export function lasting(): Storage | null {
  return attempt(() => localStorage);
}

/** What is kept there, unchecked; null for nothing, or nothing that can be read. */
export function read<T>(store: Storage | null, key: string): T | null {
  return attempt(() => JSON.parse(store?.getItem(key) ?? 'null') as T | null);
}

export function write(store: Storage | null, key: string, value: unknown): void {
  attempt(() => store?.setItem(key, JSON.stringify(value)));
}

function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}
