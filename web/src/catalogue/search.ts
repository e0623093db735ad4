// Finding titles by what somebody types.

import type { Title } from '../api';

/** What the shelf has while nobody searches: the games. A title that cannot be played stays, for its maker looks here. */
function shelf(list: readonly Title[]): Title[] {
  const games = list.filter((title) => title.listed || title.problem);
  return games.length > 0 ? games : [...list];
}

/** Titles that fit what was typed: every word must occur somewhere; hits in the name come first. */
export function search(list: readonly Title[], query: string): Title[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return shelf(list);
  const haystack = (title: Title) => [title.name, title.id, title.summary, ...title.tags, ...title.authors].join(' ').toLowerCase();
  const rank = (title: Title) => (title.name.toLowerCase().startsWith(words[0]!) ? 0 : words.every((word) => title.name.toLowerCase().includes(word)) ? 1 : 2);
  return list.filter((title) => words.every((word) => haystack(title).includes(word))).sort((a, b) => rank(a) - rank(b));
}
