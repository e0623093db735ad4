// Shaking gamepads: what a title asks for, played by the browser as far as it can.

/** Strengths 0 to 255, of the slow, heavy motor and of the fast, light one. */
export interface Rumble {
  strong: number;
  weak: number;
  ms: number;
}

/** Longest time a pad shakes without being told again, in ms, whatever is said. */
export const MAX_MS = 5000;

const share = (strength: number) => Math.min(255, Math.max(0, strength)) / 255;

/** Shakes a gamepad, in place of what it did; one that cannot does nothing. */
export function shake(gamepad: Gamepad, { strong, weak, ms }: Rumble): void {
  const actuator = gamepad.vibrationActuator as GamepadHapticActuator | null | undefined;
  if (!actuator?.playEffect) return;
  const duration = Math.min(MAX_MS, Math.max(0, ms));
  const [strongMagnitude, weakMagnitude] = [share(strong), share(weak)];
  const still = duration === 0 || (strongMagnitude === 0 && weakMagnitude === 0);
  // A pad that is unplugged meanwhile refuses, and that is all right.
  void (still ? actuator.reset?.() : actuator.playEffect('dual-rumble', { duration, strongMagnitude, weakMagnitude }))?.catch(() => {});
}

/** Whether this browser can shake gamepads at all. */
export function canShake(): boolean {
  return 'Gamepad' in globalThis && 'vibrationActuator' in Gamepad.prototype;
}
