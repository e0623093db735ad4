// Gamepads: read every 4 ms, since browsers tell of connection but not of change.

import { NO_PAD, mergePads, type PadInput } from './pad';
import type { InputState } from './state';

const POLL_MS = 4;
/** Deflection below this is a stick at rest. */
const DEAD_ZONE = 0.12;
const GUIDE = 16;
/** How long start and select must be held together to open the menu, in ms. */
const MENU_HOLD_MS = 600;
const MENU_CHORD = (1 << 8) | (1 << 9);

export interface GamepadHooks {
  changed(): void;
  /** A person used a gamepad: the on-screen pad is not needed. */
  used(): void;
  /** Start and select were held, or the guide button pressed. */
  menu(): void;
  /** All pads as one, for steering the menu; true keeps it from the title. */
  steer(pad: PadInput): boolean;
}

/** A stick with its rest position evened out, and full range beyond it. */
export function stick(x: number, y: number): [number, number] {
  const length = Math.hypot(x, y);
  if (length < DEAD_ZONE) return [0, 0];
  const scale = Math.min(1, (length - DEAD_ZONE) / (1 - DEAD_ZONE)) / length;
  return [x * scale, y * scale];
}

/** A W3C gamepad as a pad of ours. */
export function padOfGamepad(gamepad: Gamepad): PadInput {
  let buttons = 0;
  gamepad.buttons.slice(0, 16).forEach((button, i) => {
    if (button.pressed || button.value > 0.5) buttons |= 1 << i;
  });
  const [lx, ly] = stick(gamepad.axes[0] ?? 0, gamepad.axes[1] ?? 0);
  const [rx, ry] = stick(gamepad.axes[2] ?? 0, gamepad.axes[3] ?? 0);
  return { buttons, lx, ly, rx, ry, l2: gamepad.buttons[6]?.value ?? 0, r2: gamepad.buttons[7]?.value ?? 0 };
}

export class Gamepads {
  private timer: ReturnType<typeof setInterval> | null = null;
  private chordSince: number | null = null;
  private guideHeld = false;
  /** Buttons down since before the first reading: whoever chose the title with A has not pressed A in it. */
  private stale: number | null = null;
  private readonly onConnect = () => this.watch();

  constructor(
    private readonly state: InputState,
    private readonly hooks: GamepadHooks,
  ) {}

  start(): void {
    addEventListener('gamepadconnected', this.onConnect);
    this.watch();
  }

  stop(): void {
    removeEventListener('gamepadconnected', this.onConnect);
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private watch(): void {
    if (this.timer === null && connected().length > 0) this.timer = setInterval(() => this.poll(), POLL_MS);
  }

  private poll(): void {
    const gamepads = connected();
    if (gamepads.length === 0) {
      this.stop();
      addEventListener('gamepadconnected', this.onConnect);
    }
    const pad = mergePads(gamepads.map(padOfGamepad));
    this.stale = (this.stale ?? pad.buttons) & pad.buttons;
    pad.buttons &= ~this.stale;
    this.watchMenu(pad, gamepads.some((gamepad) => gamepad.buttons[GUIDE]?.pressed));
    const taken = this.hooks.steer(pad);
    if (this.state.setPad('gamepad', taken ? NO_PAD : pad)) {
      this.hooks.used();
      this.hooks.changed();
    }
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

function connected(): Gamepad[] {
  return (navigator.getGamepads?.() ?? []).filter((gamepad): gamepad is Gamepad => gamepad?.connected === true);
}
