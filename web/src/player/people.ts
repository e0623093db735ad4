// Who is in the session beside us, and what is worth a sentence when that changes.

import type { People } from './play';

/** What happened between two tellings; `own` are our seats, of which we need not be told. */
export function changesOf(before: People | null, now: People, own: readonly number[]): string[] {
  if (!before) return [];
  const others = (seats: number[]) => seats.filter((seat) => !own.includes(seat));
  const news = (seats: number[], old: number[], what: string) => others(seats).filter((seat) => !old.includes(seat)).map((seat) => `Player ${seat + 1} ${what}.`);
  const gone = before.seats.filter((seat) => !now.seats.includes(seat));
  return [
    ...news(now.seats, before.seats, 'is here'),
    ...news(gone, [], 'has left'),
    ...news(now.away, before.away, 'lost the connection'),
    ...news(before.away, [...now.away, ...gone], 'is back'),
    ...(own.length > 0 && now.watching > before.watching ? [now.watching === 1 ? 'Somebody watches.' : `${now.watching} people watch.`] : []),
  ];
}
