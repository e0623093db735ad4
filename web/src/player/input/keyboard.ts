// The keyboard: keys as keys, and the usual ones as a gamepad for titles that want a pad.

import type { InputKind } from '../../api';
import { usageOf } from './hid';
import { NO_PAD, bit, type PadButton, type PadInput } from './pad';
import type { InputState } from './state';

/** Keys that stand for pad buttons. Several may stand for one: hands differ. */
const AS_BUTTON: Readonly<Record<string, PadButton>> = {
  ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right',
  KeyW: 'up', KeyS: 'down', KeyA: 'left', KeyD: 'right',
  KeyX: 'a', KeyV: 'a', Space: 'a',
  KeyZ: 'b', KeyC: 'b',
  KeyF: 'x', KeyR: 'y',
  KeyQ: 'l1', KeyE: 'r1', Digit1: 'l2', Digit3: 'r2',
  Enter: 'start', ShiftLeft: 'select', ShiftRight: 'select',
};
/** These move the left stick too, for titles that read no direction pad. */
const AS_STICK: Readonly<Record<string, readonly [number, number]>> = { KeyW: [0, -1], KeyS: [0, 1], KeyA: [-1, 0], KeyD: [1, 0] };
/** Keys the browser keeps: reload, full screen, developer tools. */
const BROWSER_KEYS = new Set(['F5', 'F11', 'F12']);

/** The pad that a set of held keys stands for. */
export function padOfKeys(held: Iterable<string>): PadInput {
  const pad = { ...NO_PAD };
  for (const code of held) {
    const button = AS_BUTTON[code];
    if (button) pad.buttons |= bit(button);
    const [x, y] = AS_STICK[code] ?? [0, 0];
    pad.lx += x;
    pad.ly += y;
  }
  return pad;
}

export interface KeyboardHooks {
  changed(): void;
  /** Whether keys press the pad's buttons too. */
  asPad(): boolean;
  /** A person used the keyboard: the on-screen pad is not needed. */
  used(): void;
}

export class Keyboard {
  private readonly held = new Set<string>();

  constructor(
    private readonly state: InputState,
    private readonly kinds: () => ReadonlySet<InputKind>,
    private readonly hooks: KeyboardHooks,
  ) {}

  /** A `keydown` or `keyup` meant for the title. */
  handle(event: KeyboardEvent): void {
    const down = event.type === 'keydown';
    if (this.keeps(event)) event.preventDefault();
    if (event.repeat) return;
    this.set(event.code, down);
    // While Meta is held, macOS tells of no other key's release.
    if (!down && event.code.startsWith('Meta')) this.release();
    this.hooks.used();
  }

  /** A key that went down and up again, from a keyboard without codes. */
  tap(code: string): void {
    this.set(code, true);
    this.set(code, false);
  }

  release(): void {
    for (const code of [...this.held]) this.set(code, false);
  }

  private set(code: string, down: boolean): void {
    const usage = usageOf(code);
    if (usage === undefined) return;
    if (down) this.held.add(code);
    else this.held.delete(code);
    const key = this.state.setKey(usage, down);
    const pad = this.hooks.asPad() && this.state.setPad('keys', padOfKeys(this.held));
    if (key || pad) this.hooks.changed();
  }

  /** Whether the browser should not act on this key: the page must not scroll while somebody plays. */
  private keeps(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || BROWSER_KEYS.has(event.code)) return false;
    if (this.kinds().has('keys')) return !(this.kinds().has('text') && event.key.length === 1);
    return this.kinds().has('pad') && this.hooks.asPad() && event.code in AS_BUTTON;
  }
}
