// What a title lets its first player choose, in the order and the groups a person looks for it.
//
// Names come from foreign code: they are text of any length, and nothing is to be read from them but what is written here.

import type { Setting } from '../api';

/** Which disk is in the drive. */
const DISK = 'playfield/disk';
/** What is plugged into a port; its number follows. */
const PORT = 'playfield/port/';
/** With more settings than this, groups begin closed, and there is a field to search in. */
export const FEW = 12;
/** Pairs that are a switch, the first being on. */
const SWITCHES = [['enabled', 'disabled'], ['enable', 'disable'], ['on', 'off'], ['yes', 'no'], ['true', 'false']] as const;
/** Choices that are shown beside each other: so many, so long together. */
const MOST_SEGMENTS = 3;
const LONGEST_SEGMENTS = 12;
const LONGEST_NAME = 160;

export interface Group {
  /** Without a name it has no head, and is never closed. */
  name: string;
  /** It holds what one changes most, and begins open. */
  first: boolean;
  settings: Setting[];
}

/** The settings that all words of `query` are said of: disks and controllers first, then those without a group, then the groups as they come. */
export function groupsOf(settings: readonly Setting[], query = ''): Group[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, Group>();
  const sorted = settings.filter((setting) => matches(setting, words)).map((setting) => ({ setting, rank: rankOf(setting) }));
  for (const { setting, rank } of sorted.sort((a, b) => a.rank - b.rank)) {
    const name = setting.group ?? '';
    const key = name ? `named ${name}` : `rank ${rank}`;
    const group = groups.get(key) ?? { name, first: rank < 2, settings: [] };
    groups.set(key, group);
    group.settings.push(setting);
  }
  return [...groups.values()];
}

function rankOf({ key, group }: Setting): number {
  if (key === DISK) return 0;
  if (key.startsWith(PORT)) return 1;
  return group ? 3 : 2;
}

function matches({ label, info = '', group = '' }: Setting, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = `${label} ${group} ${info}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** How a setting is shown: a switch with the values of on and off, choices beside each other, or a list of its own. */
export type Look = { as: 'switch'; on: string; off: string } | { as: 'segments' } | { as: 'list' };

export function lookOf({ choices }: Setting): Look {
  const names = choices.map(({ value, label }) => (label || value).trim().toLowerCase());
  for (const [on, off] of SWITCHES) {
    const [onAt, offAt] = [names.indexOf(on), names.indexOf(off)];
    if (choices.length === 2 && onAt >= 0 && offAt >= 0) return { as: 'switch', on: choices[onAt]!.value, off: choices[offAt]!.value };
  }
  const length = names.reduce((sum, name) => sum + name.length, 0);
  return { as: choices.length > 1 && choices.length <= MOST_SEGMENTS && length <= LONGEST_SEGMENTS ? 'segments' : 'list' };
}

/** What is chosen, as people know it. */
export function chosenLabel({ choices, value }: Setting): string {
  return choiceName(choices.find((choice) => choice.value === value) ?? { value, label: '' });
}

/** A choice as people know it; one that nobody named for them gets a capital letter at least. */
export function choiceName({ value, label }: { value: string; label: string }): string {
  const name = nameOf(label || value);
  return name === value ? name.charAt(0).toUpperCase() + name.slice(1) : name;
}

/** A name that fits where names are shown. */
export function nameOf(text: string): string {
  const plain = text.trim().replace(/\s+/g, ' ');
  return plain.length <= LONGEST_NAME ? plain : `${plain.slice(0, LONGEST_NAME).trimEnd()}…`;
}
