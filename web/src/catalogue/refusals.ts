// How an invitation is put, and why a link leads nowhere.

import type { Invitation } from '../api';

/** Why a link leads nowhere, and what can be done. */
export interface Refusal {
  headline: string;
  sentence: string;
  /** It may be otherwise in a moment. */
  again: boolean;
}

const HEADLINES: Record<string, string> = {
  notFound: 'This link leads nowhere',
  badToken: 'This link leads nowhere',
  inviteExpired: 'The link has expired',
  inviteUsed: 'The link was used',
  inviteRevoked: 'The link was taken back',
  sessionEnded: 'It is over',
  seatTaken: 'The seat is taken',
};

/** What is said of a problem. */
export function refusalOf(kind: string, detail: string): Refusal {
  const sentence = kind === 'sessionEnded' ? `The session has ended. ${sentenceOf(detail)}` : sentenceOf(detail);
  const final = ['notFound', 'badToken', 'inviteExpired', 'inviteUsed', 'inviteRevoked', 'sessionEnded'].includes(kind);
  return { headline: HEADLINES[kind] ?? 'That did not work', sentence, again: !final };
}

/** What one is invited to, in one line. */
export function offerOf({ invite, name }: Invitation): { headline: string; action: string } {
  if (invite.role !== 'player') return { headline: `Watch ${name}`, action: 'Watch' };
  if (invite.slot === null) return { headline: `Play ${name}`, action: 'Play' };
  return { headline: `Play as player ${invite.slot + 1} in ${name}`, action: 'Play' };
}

function sentenceOf(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}
