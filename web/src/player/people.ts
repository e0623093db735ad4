// Who is in the session beside us, and what is worth a sentence when that changes.

import type { Part, People } from './play';

/** What happened between two tellings; `own` are our seats, of which we need not be told. */
export function changesOf(before: People | null, now: People, own: readonly number[]): string[] {
  if (!before) return [];
  const others = (seats: number[]) => seats.filter((seat) => !own.includes(seat));
  const news = (seats: number[], old: number[], what: string) => others(seats).filter((seat) => !old.includes(seat)).map((seat) => `Player ${seat + 1} ${what}.`);
  const gone = before.seats.filter((seat) => !now.seats.includes(seat));
  const watches = (seat: number) => now.list.find(({ id }) => id === holderOf(before, seat)?.id);
  return [
    ...news(now.seats, before.seats, 'is here'),
    ...others(gone).map((seat) => (watches(seat) ? `${watches(seat)!.name} watches now.` : `Player ${seat + 1} has left.`)),
    ...news(now.away, before.away, 'lost the connection'),
    ...news(before.away, [...now.away, ...gone], 'is back'),
    ...(own.length > 0 && gone.length === 0 && now.watching > before.watching ? [now.watching === 1 ? 'Somebody watches.' : `${now.watching} people watch.`] : []),
  ];
}

function holderOf(people: People, seat: number) {
  return people.list.find(({ seats }) => seats.includes(seat));
}

/** What we are told when we become something else. */
export function partSentence(before: Part, now: Part): string | null {
  if (now.role === 'host' && before.role !== 'host') return 'You are the host now: People in the menu is yours.';
  const [had, has] = [before.seats[0], now.seats[0]];
  if (has !== undefined && has !== had) return `You play as player ${has + 1} now.`;
  return has === undefined && had !== undefined ? 'You watch now.' : null;
}
