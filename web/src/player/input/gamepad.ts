// Gamepads: read every 4 ms, since browsers tell of connection but not of change.

import { Bindings } from './bindings';
import { PadDesk, type PadEvent } from './desk';
import { NO_PAD, bit, mergePads, type PadInput } from './pad';
import { shake, type Rumble } from './rumble';
import { MOST_SEATS, type InputState } from './state';

const POLL_MS = 4;
/** Deflection below this is a stick at rest. */
const DEAD_ZONE = 0.12;
const GUIDE = 16;
/** How long start and select must be held together to open the menu, in ms. */
const MENU_HOLD_MS = 600;
const MENU_CHORD = bit('start') | bit('select');
const AS_IS = new Bindings().masks;
const [L2, R2] = [bit('l2'), bit('r2')];

export interface GamepadHooks {
  changed(): void;
  /** A person used a gamepad: the on-screen pad is not needed. */
  used(): void;
  /** Start and select were held, or the guide button pressed. */
  menu(): void;
  /** All pads as one, as the device has them, for steering the menu; true keeps it from the title. */
  steer(pad: PadInput): boolean;
  bindings(): Bindings;
  /** Pads came, went, or play as somebody. */
  news(events: PadEvent[]): void;
}

/** A stick with its rest position evened out, and full range beyond it. */
export function stick(x: number, y: number): [number, number] {
  const length = Math.hypot(x, y);
  if (length < DEAD_ZONE) return [0, 0];
  const scale = Math.min(1, (length - DEAD_ZONE) / (1 - DEAD_ZONE)) / length;
  return [x * scale, y * scale];
}

/** A W3C gamepad as a pad of ours. `masks`: the bits that each of its buttons presses. */
export function padOfGamepad(gamepad: Gamepad, masks: readonly number[] = AS_IS): PadInput {
  const pad = { ...NO_PAD };
  gamepad.buttons.forEach(({ pressed, value }, i) => {
    const mask = masks[i] ?? 0;
    if (pressed || value > 0.5) pad.buttons |= mask;
    if (mask & L2) pad.l2 = Math.max(pad.l2, value);
    if (mask & R2) pad.r2 = Math.max(pad.r2, value);
  });
  [pad.lx, pad.ly] = stick(gamepad.axes[0] ?? 0, gamepad.axes[1] ?? 0);
  [pad.rx, pad.ry] = stick(gamepad.axes[2] ?? 0, gamepad.axes[3] ?? 0);
  return pad;
}

export class Gamepads {
  readonly desk = new PadDesk();
  private timer: ReturnType<typeof setInterval> | null = null;
  private chordSince: number | null = null;
  private guideHeld = false;
  /**
   * Buttons of each pad down since before `start`: whoever chose the title with A has not pressed A in it. A pad that comes later comes
   * by being pressed, as browsers show it only then, and that press is meant.
   */
  private readonly stale = new Map<number, number>();
  /** Pads that may shake now. */
  private readonly shaken = new Set<number>();
  private listener: ((button: number) => void) | null = null;
  private heldBefore = new Set<string>();
  private readonly onConnect = () => this.watch();

  constructor(
    private readonly state: InputState,
    private readonly hooks: GamepadHooks,
  ) {}

  start(): void {
    addEventListener('gamepadconnected', this.onConnect);
    const there = connected();
    this.desk.update(there);
    for (const gamepad of there) this.stale.set(gamepad.index, this.asHeld(gamepad).held);
    this.watch();
  }

  stop(): void {
    removeEventListener('gamepadconnected', this.onConnect);
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** The next button that goes down, whatever it does, is told to `listener` alone; null ends that. */
  listen(listener: ((button: number) => void) | null): void {
    this.listener = listener;
    this.heldBefore = heldButtons(connected());
  }

  /** The pads of the player in this place shake. */
  rumble(place: number, rumble: Rumble): void {
    for (const gamepad of connected()) {
      if (this.desk.playerOf(gamepad.index) !== place) continue;
      shake(gamepad, rumble);
      this.shaken.add(gamepad.index);
    }
  }

  /** Nothing shakes any more. */
  still(): void {
    for (const gamepad of connected()) if (this.shaken.has(gamepad.index)) shake(gamepad, { strong: 0, weak: 0, ms: 0 });
    this.shaken.clear();
  }

  private watch(): void {
    if (this.timer === null && connected().length > 0) this.timer = setInterval(() => this.poll(), POLL_MS);
  }

  private poll(): void {
    const gamepads = connected();
    this.note(this.desk.update(gamepads));
    if (gamepads.length === 0) {
      this.stop();
      addEventListener('gamepadconnected', this.onConnect);
    }
    if (this.listener) this.hear(gamepads);
    const pads = gamepads.map((gamepad) => this.read(gamepad));
    const heard = pads.filter(({ player }) => player !== null);
    const steering = mergePads(heard.map(({ raw }) => raw));
    this.watchMenu(steering, gamepads.some((gamepad, i) => pads[i]!.player !== null && gamepad.buttons[GUIDE]?.pressed));
    const taken = this.hooks.steer(steering);
    const changed = Array.from({ length: MOST_SEATS }, (_, seat) => {
      const own = taken ? [] : heard.filter(({ player }) => player === seat);
      return this.state.setPad('gamepad', own.length > 0 ? mergePads(own.map(({ pad }) => pad)) : NO_PAD, seat);
    });
    if (!changed.includes(true)) return;
    this.hooks.used();
    this.hooks.changed();
  }

  /** One pad as it is now: as the device has it, and as the person has changed it. */
  private read(gamepad: Gamepad): { player: number | null; raw: PadInput; pad: PadInput } {
    const { raw, pad, held } = this.asHeld(gamepad);
    const stale = (this.stale.get(gamepad.index) ?? 0) & held;
    this.stale.set(gamepad.index, stale);
    raw.buttons &= ~stale;
    pad.buttons &= ~stale;
    if (raw.buttons | pad.buttons || raw.lx || raw.ly || raw.rx || raw.ry) this.note(this.desk.pressed(gamepad.index));
    return { player: this.desk.playerOf(gamepad.index), raw, pad };
  }

  private asHeld(gamepad: Gamepad): { raw: PadInput; pad: PadInput; held: number } {
    const raw = padOfGamepad(gamepad);
    const pad = padOfGamepad(gamepad, this.hooks.bindings().masks);
    return { raw, pad, held: raw.buttons | pad.buttons };
  }

  private note(events: PadEvent[]): void {
    for (const { type, pad } of events) if (type === 'went') this.stale.delete(pad.index);
    if (events.length > 0) this.hooks.news(events);
  }

  private hear(gamepads: Gamepad[]): void {
    const held = heldButtons(gamepads);
    const fresh = [...held].find((button) => !this.heldBefore.has(button));
    this.heldBefore = held;
    if (fresh === undefined) return;
    const listener = this.listener!;
    this.listener = null;
    listener(Number(fresh.split(':')[1]));
  }

  private watchMenu(pad: PadInput, guide: boolean): void {
    if (guide && !this.guideHeld) this.hooks.menu();
    this.guideHeld = guide;
    if ((pad.buttons & MENU_CHORD) !== MENU_CHORD) this.chordSince = null;
    else if (this.chordSince === null) this.chordSince = performance.now();
    else if (performance.now() - this.chordSince >= MENU_HOLD_MS) {
      this.chordSince = Infinity;
      this.hooks.menu();
    }
  }
}

/** `PAD:BUTTON` of every button that is down. */
function heldButtons(gamepads: Gamepad[]): Set<string> {
  return new Set(gamepads.flatMap(({ index, buttons }) => buttons.flatMap(({ pressed }, i) => (pressed ? [`${index}:${i}`] : []))));
}

function connected(): Gamepad[] {
  return (navigator.getGamepads?.() ?? []).filter((gamepad): gamepad is Gamepad => gamepad?.connected === true);
}
