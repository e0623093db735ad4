// What keys and buttons are called, for people.

import { PAD_BUTTONS, type PadButton } from './pad';

const ARROWS: Record<string, string> = { Up: '↑', Down: '↓', Left: '←', Right: '→' };
const SIDES = /^(Shift|Control|Alt|Meta)(Left|Right)$/;
const PUNCTUATION: Record<string, string> = {
  Minus: '-', Equal: '=', BracketLeft: '[', BracketRight: ']', Backslash: '\\', Semicolon: ';', Quote: "'", Backquote: '`', Comma: ',', Period: '.', Slash: '/',
};
const PADS: Partial<Record<PadButton, string>> = {
  a: 'A', b: 'B', x: 'X', y: 'Y', l1: 'L1', r1: 'R1', l2: 'L2', r2: 'R2', l3: 'L3', r3: 'R3', select: 'Select', start: 'Start', up: 'Up', down: 'Down', left: 'Left', right: 'Right',
};

/** What keys bear where the keyboard is not American; filled by `learnLayout`. */
let layout: ReadonlyMap<string, string> = new Map();

/** Asks the browser what is printed on the keys, where it tells. */
export async function learnLayout(): Promise<void> {
  const { keyboard } = navigator as Navigator & { keyboard?: { getLayoutMap?(): Promise<ReadonlyMap<string, string>> } };
  layout = (await keyboard?.getLayoutMap?.().catch(() => null)) ?? layout;
}

/** The key at a position, as people call it. */
export function keyLabel(code: string): string {
  const printed = layout.get(code);
  if (printed) return printed.toUpperCase();
  if (code.startsWith('Key') || code.startsWith('Digit')) return code.slice(-1);
  if (code.startsWith('Arrow')) return ARROWS[code.slice(5)] ?? code;
  const side = SIDES.exec(code);
  if (side) return `${side[2]} ${side[1] === 'Control' ? 'Ctrl' : side[1]}`;
  if (code.startsWith('Numpad')) return `Num ${code.slice(6)}`;
  return PUNCTUATION[code] ?? code;
}

/** A button of ours. */
export function buttonLabel(button: PadButton): string {
  return PADS[button] ?? button;
}

/** A button of a gamepad, by its place. */
export function padLabel(index: number): string {
  const button = PAD_BUTTONS[index];
  return button ? buttonLabel(button) : index === 16 ? 'Guide' : `Button ${index + 1}`;
}
