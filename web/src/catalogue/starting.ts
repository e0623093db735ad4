// A player that begins while the page for it is still being made: the request is on its way before the home screen is gone.

import type { Title } from '../api';
import { PlayfieldPlayer, ticketOf } from '../player';

let begun: { id: string; player: PlayfieldPlayer } | null = null;

export function playPath(id: string): string {
  return `/play/${encodeURIComponent(id)}`;
}

/** Starts playing at the moment of the click, before anything is drawn. */
export function begin(title: Title, askedAt: number): void {
  begun?.player.remove();
  const player = make(title.id);
  dress(player, title);
  player.play(askedAt);
  begun = { id: title.id, player };
}

/** The player of a title: the one that was begun, or one that starts now. */
export function playerOf(id: string, askedAt: number): PlayfieldPlayer {
  const player = begun?.id === id ? begun.player : null;
  begun = null;
  if (player) return player;
  const fresh = make(id);
  fresh.play(askedAt);
  return fresh;
}

/** Starts in a session that a link led to; the tab has the ticket. */
export function beginJoined(id: string, askedAt: number): void {
  begun?.player.remove();
  const player = make(id);
  player.play(askedAt);
  begun = { id, player };
}

/** What is known of the title may come after the player has started. */
export function dress(player: PlayfieldPlayer, title: Title): void {
  player.setAttribute('name', title.name);
  if (title.cover) player.setAttribute('poster', title.cover);
}

function make(id: string): PlayfieldPlayer {
  const player = new PlayfieldPlayer();
  player.setAttribute('src', playPath(id));
  player.setAttribute('home', '/');
  const name = ticketOf(id)?.name;
  if (name) player.setAttribute('name', name);
  return player;
}
