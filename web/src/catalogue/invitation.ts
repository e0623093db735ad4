// What a link leads to, and using it. A link is a secret of its own: nobody need be signed in.

import type { Invitation, Joined, ProblemBody } from '../api';
import { keepName, keepTicket, randomText, ticketOf } from '../player';
import { refusalOf, type Refusal } from './refusals';

export async function look(token: string): Promise<Invitation | Refusal> {
  return ask<Invitation>('GET', '/api/v1/invite', token);
}

/** The cover as an address of this page; empty if there is none. */
export async function coverOf(token: string): Promise<string> {
  const response = await fetch('/api/v1/invite/cover', { headers: { Authorization: `Bearer ${token}` } }).catch(() => null);
  return response?.ok ? URL.createObjectURL(await response.blob()) : '';
}

/** Comes in: from then on the tab has a ticket, and the player of the title uses it. */
export async function join(token: string, { title, name }: Invitation, called: string): Promise<Refusal | null> {
  keepName(called);
  const joined = await ask<Joined>('POST', '/api/v1/invite/viewers', token, { name: called });
  if ('headline' in joined) return joined;
  const { session, viewer } = joined;
  keepTicket(title, { session: session.id, viewer: viewer.id, token: viewer.token, role: viewer.role, name });
  return null;
}

/** Whether this tab is in that session already. */
export function isIn({ title, session }: Invitation): boolean {
  return ticketOf(title)?.session === session;
}

async function ask<T>(method: string, path: string, token: string, body?: unknown): Promise<T | Refusal> {
  const headers: Record<string, string> = { Accept: 'application/json, application/problem+json', Authorization: `Bearer ${token}` };
  if (body) Object.assign(headers, { 'Idempotency-Key': randomText(16), 'Content-Type': 'application/json' });
  const response = await fetch(path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) }).catch(() => null);
  if (!response) return { headline: 'No answer', sentence: 'The server cannot be reached; check the network and try again.', again: true };
  if (response.ok) return (await response.json()) as T;
  const problem = (await response.json().catch(() => null)) as ProblemBody | null;
  return refusalOf(problem?.type?.split('#')[1] ?? '', problem?.detail ?? `The server answered ${response.status}.`);
}
