// The gamepad as the wire carries it: names, bits, and how several sources become one pad.

/** W3C standard gamepad in plain words; the index is the bit. */
export const PAD_BUTTONS = [
  'a', 'b', 'x', 'y', 'l1', 'r1', 'l2', 'r2', 'select', 'start', 'l3', 'r3', 'up', 'down', 'left', 'right',
] as const;

export type PadButton = (typeof PAD_BUTTONS)[number];

/** A pad as one source sees it. Axes -1 to 1, triggers 0 to 1. */
export interface PadInput {
  buttons: number;
  lx: number;
  ly: number;
  rx: number;
  ry: number;
  l2: number;
  r2: number;
}

export const NO_PAD: Readonly<PadInput> = { buttons: 0, lx: 0, ly: 0, rx: 0, ry: 0, l2: 0, r2: 0 };

export function bit(button: PadButton): number {
  return 1 << PAD_BUTTONS.indexOf(button);
}

/** Who holds a button somewhere holds it; of an axis the largest deflection counts. */
export function mergePads(pads: Iterable<PadInput>): PadInput {
  const merged = { ...NO_PAD };
  for (const pad of pads) {
    merged.buttons |= pad.buttons;
    for (const axis of ['lx', 'ly', 'rx', 'ry', 'l2', 'r2'] as const) {
      if (Math.abs(pad[axis]) > Math.abs(merged[axis])) merged[axis] = pad[axis];
    }
  }
  if (merged.buttons & bit('l2') && merged.l2 === 0) merged.l2 = 1;
  if (merged.buttons & bit('r2') && merged.r2 === 0) merged.r2 = 1;
  return merged;
}

export function samePad(a: PadInput, b: PadInput): boolean {
  return (Object.keys(NO_PAD) as (keyof PadInput)[]).every((key) => a[key] === b[key]);
}
