import { describe, expect, it } from 'vitest';
import { placesOf, seatSentence } from './input/desk';
import type { Participant } from '../api';
import { changesOf, partSentence } from './people';

const people = (seats: number[], away: number[] = [], watching = 0, list: Participant[] = []) => ({ seats, away, watching, list });
const ada = (...seats: number[]): Participant => ({ id: 'vwr-a', name: 'Ada', role: seats.length > 0 ? 'player' : 'spectator', seats, away: false });

describe('who comes and goes is told', () => {
  it.each([
    ['at first nothing', null, people([0, 1], [], 2), []],
    ['a player comes', people([0]), people([0, 1]), ['Player 2 is here.']],
    ['a player leaves', people([0, 1]), people([0]), ['Player 2 has left.']],
    ['a player is away', people([0, 1]), people([0, 1], [1]), ['Player 2 lost the connection.']],
    ['and back', people([0, 1], [1]), people([0, 1]), ['Player 2 is back.']],
    ['and gone for good', people([0, 1], [1]), people([0]), ['Player 2 has left.']],
    ['a player watches from now on', people([0, 1], [], 0, [ada(1)]), people([0], [], 1, [ada()]), ['Ada watches now.']],
    ['our own seats are no news', people([2]), people([0, 2]), []],
    ['somebody watches', people([0]), people([0], [], 1), ['Somebody watches.']],
    ['more watch', people([0], [], 1), people([0], [], 3), ['3 people watch.']],
    ['fewer watch', people([0], [], 3), people([0], [], 1), []],
  ])('%s', (_, before, now, expected) => {
    expect(changesOf(before, now, [0])).toEqual(expected);
  });

  it('who watches is not told of others who do', () => {
    expect(changesOf(people([0]), people([0, 1], [], 2), [])).toEqual(['Player 2 is here.']);
  });
});

describe('what we become is told', () => {
  it.each([
    ['player', [1], 'spectator', [], 'You watch now.'],
    ['spectator', [], 'player', [1], 'You play as player 2 now.'],
    ['player', [1], 'player', [0], 'You play as player 1 now.'],
    ['host', [0], 'host', [], 'You watch now.'],
    ['player', [1], 'host', [1], 'You are the host now: People in the menu is yours.'],
    ['host', [0], 'player', [0], null],
    ['player', [1], 'player', [1, 2], null],
  ] as const)('%s %j becomes %s %j', (role, seats, nextRole, nextSeats, expected) => {
    expect(partSentence({ role, seats }, { role: nextRole, seats: nextSeats })).toBe(expected);
  });
});

describe('gamepads and seats', () => {
  const pad = (player: number) => ({ index: player, name: 'Pad', player, off: false });

  it.each([
    [0, [1], 'Pad plays as player 2.'],
    [1, [1, 0], 'Pad plays as player 1.'],
    [1, [0], 'No seat is free for Pad.'],
  ])('pad of place %i with seats %j', (player, seats, expected) => {
    expect(seatSentence(pad(player), seats)).toBe(expected);
  });

  it('places are named by the seats one has or would get', () => {
    expect(placesOf([1], 2)).toEqual([1, 0]);
    expect(placesOf([2, 0], 4)).toEqual([2, 0, 1, 3]);
  });
});
