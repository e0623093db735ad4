// The keyboard: keys as keys, and the usual ones as a gamepad for titles that want a pad; both as the person has changed them.

import type { InputKind } from '../../api';
import { Bindings } from './bindings';
import { usageOf } from './hid';
import { NO_PAD, bit, type PadInput } from './pad';
import type { InputState } from './state';

/** Keys the browser keeps: reload, full screen, developer tools. */
const BROWSER_KEYS = new Set(['F5', 'F11', 'F12']);

/** The pad that a set of held keys stands for. */
export function padOfKeys(held: Iterable<string>, bindings = new Bindings()): PadInput {
  const pad = { ...NO_PAD };
  for (const code of held) {
    for (const button of bindings.keys.get(code) ?? []) pad.buttons |= bit(button);
    const [x, y] = bindings.stick(code);
    pad.lx += x;
    pad.ly += y;
  }
  return pad;
}

export interface KeyboardHooks {
  changed(): void;
  /** Whether keys press the pad's buttons too. */
  asPad(): boolean;
  /** Whether a key that is sent is not typed as well: a program would have it twice. */
  takesAll(): boolean;
  bindings(): Bindings;
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
    if (usageOf(code) === undefined) return;
    if (down) this.held.add(code);
    else this.held.delete(code);
    const bindings = this.hooks.bindings();
    const sent = bindings.sent(code).map((key) => this.state.setKey(usageOf(key)!, this.holds(bindings, key)));
    const pad = this.hooks.asPad() && this.state.setPad('keys', padOfKeys(this.held, bindings));
    if (sent.includes(true) || pad) this.hooks.changed();
  }

  /** Whether any key that is down now presses the title's `key`. */
  private holds(bindings: Bindings, key: string): boolean {
    return [...this.held].some((code) => bindings.sent(code).includes(key));
  }

  /** Whether the browser should not act on this key: the page must not scroll while somebody plays. */
  private keeps(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || BROWSER_KEYS.has(event.code)) return false;
    if (this.kinds().has('keys')) return this.hooks.takesAll() || !(this.kinds().has('text') && event.key.length === 1);
    return this.kinds().has('pad') && this.hooks.asPad() && this.hooks.bindings().keys.has(event.code);
  }
}
