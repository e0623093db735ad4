// Which of the device's gamepads plays as which player.
//
// A pad has no player until it is pressed: then it takes the first player that has none. With one player all pads are that player's, as
// one. A pad that is unplugged and comes back is what it was.

/** A gamepad of this device. */
export interface PadInfo {
  /** Its place in `navigator.getGamepads()`. */
  index: number;
  name: string;
  /** The player it plays as, from 0; null while it was not pressed, or is left out. */
  player: number | null;
  /** Left out on purpose. */
  off: boolean;
}

export interface PadEvent {
  type: 'came' | 'went' | 'joined';
  pad: PadInfo;
}

interface Device {
  index: number;
  id: string;
}

/** What a browser calls a gamepad, without what only programs read. */
export function padName(id: string): string {
  const name = id
    .replace(/\s*\((?:STANDARD GAMEPAD|[^)]*Vendor:)[^)]*\)?/gi, '')
    .replace(/^[0-9a-f]{1,4}-[0-9a-f]{1,4}-/i, '')
    .trim();
  return name || 'Gamepad';
}

export class PadDesk {
  private present = new Map<number, PadInfo>();
  /** What pads that went were, by what they call themselves. */
  private readonly gone = new Map<string, PadInfo>();
  private ids = new Map<number, string>();
  private first = true;
  /** How many players there may be at this device. */
  players = 1;

  /** The pads that are there now. What was there from the beginning is no news. */
  update(devices: readonly Device[]): PadEvent[] {
    const events: PadEvent[] = [];
    const now = new Map(devices.map((device) => [device.index, device.id]));
    for (const [index, pad] of this.present) if (now.get(index) !== this.ids.get(index)) events.push(this.leave(pad));
    for (const device of devices) if (!this.present.has(device.index)) events.push(this.arrive(device));
    this.ids = now;
    if (!this.first) return events;
    this.first = false;
    return [];
  }

  /** A button or stick of that pad was used; tells whom it plays as from now on, where that is new. */
  pressed(index: number): PadEvent[] {
    const pad = this.present.get(index);
    if (!pad || pad.off || this.playerOf(index) !== null) return [];
    pad.player = this.freePlayer();
    return [{ type: 'joined', pad }];
  }

  /** Gives a pad to a player; null leaves it out. */
  give(index: number, player: number | null): void {
    const pad = this.present.get(index);
    if (pad) Object.assign(pad, { player, off: player === null });
  }

  /** Whom a pad plays as. */
  playerOf(index: number): number | null {
    const player = this.present.get(index)?.player ?? null;
    return player !== null && player < this.players ? player : null;
  }

  list(): PadInfo[] {
    return [...this.present.values()].map((pad) => ({ ...pad, player: this.playerOf(pad.index) })).sort((a, b) => a.index - b.index);
  }

  /** How many players are needed for the pads that play: one more than the highest. */
  get used(): number {
    return Math.max(1, ...this.list().map((pad) => (pad.player ?? 0) + 1));
  }

  private arrive({ index, id }: Device): PadEvent {
    const before = this.gone.get(id);
    this.gone.delete(id);
    const pad = { index, name: padName(id), player: before?.player ?? null, off: before?.off ?? false };
    this.present.set(index, pad);
    return { type: 'came', pad };
  }

  private leave(pad: PadInfo): PadEvent {
    this.gone.set(this.ids.get(pad.index)!, pad);
    this.present.delete(pad.index);
    return { type: 'went', pad };
  }

  private freePlayer(): number {
    const taken = new Set(this.list().map((pad) => pad.player));
    const free = Array.from({ length: this.players }, (_, i) => i).find((player) => !taken.has(player));
    return free ?? 0;
  }
}

/** What a person is told about a gamepad that came or went; null: nothing. Whom one plays as is told once it has a seat. */
export function padSentence({ type, pad }: PadEvent): string | null {
  if (type === 'came') return `${pad.name} is connected.`;
  return type === 'went' ? `${pad.name} is gone.` : null;
}

/** What a person is told of the seat of a gamepad; `seats` are those this device plays from. */
export function seatSentence(pad: PadInfo, seats: readonly number[]): string {
  const seat = seats[pad.player ?? 0];
  return seat === undefined ? `No seat is free for ${pad.name}.` : `${pad.name} plays as player ${seat + 1}.`;
}

/** The seats that the players at this device have or would get, in their order. */
export function placesOf(seats: readonly number[], players: number): number[] {
  return [...seats, ...Array.from({ length: players }, (_, seat) => seat).filter((seat) => !seats.includes(seat))];
}
