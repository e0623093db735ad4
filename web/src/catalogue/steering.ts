// Moving the focus with arrow keys or a gamepad, over everything marked `data-nav`.

import { PadSteer, mergePads, padOfGamepad, type Move } from '../player';
import { nearest, type Direction } from './spatial';

export interface SteerHooks {
  /** What has the focus when nothing does. */
  home(): HTMLElement | null;
  back(): unknown;
  details(): unknown;
  search(): unknown;
}

const ARROWS: Record<string, Direction> = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' };

/** Steers until the returned function is called. */
export function steer(hooks: SteerHooks): () => void {
  const abort = new AbortController();
  addEventListener('keydown', (event) => key(event, hooks), { signal: abort.signal });
  const stopPads = watchPads((move) => act(move, hooks));
  return () => {
    abort.abort();
    stopPads();
  };
}

function key(event: KeyboardEvent, hooks: SteerHooks): void {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
  const typing = event.target instanceof HTMLInputElement;
  const direction = ARROWS[event.key];
  if (direction && !(typing && (direction === 'left' || direction === 'right'))) {
    event.preventDefault();
    step(direction, hooks);
  } else if (event.key === '/' && !typing) {
    event.preventDefault();
    hooks.search();
  } else if (event.key === 'i' && !typing) {
    hooks.details();
  }
}

function act(move: Move, hooks: SteerHooks): void {
  if (move === 'accept') (focused() ?? hooks.home())?.click();
  else if (move === 'back') hooks.back();
  else if (move === 'details') hooks.details();
  else if (move === 'search') hooks.search();
  else step(move, hooks);
}

function step(direction: Direction, hooks: SteerHooks): void {
  const from = focused();
  if (!from) return focus(hooks.home());
  const others = reachable().filter((element) => element !== from);
  const found = nearest(
    from.getBoundingClientRect(),
    others.map((element) => element.getBoundingClientRect()),
    direction,
  );
  if (found >= 0) focus(others[found]!);
}

function focus(element: HTMLElement | null): void {
  // The ring must show, though it was not the keyboard that moved it.
  element?.focus({ preventScroll: true, focusVisible: true } as FocusOptions);
  element?.scrollIntoView({ block: 'nearest', behavior: calm() ? 'instant' : 'smooth' });
}

function calm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** Inside an open dialog only what is in it can be reached. */
function reachable(): HTMLElement[] {
  const root: ParentNode = document.querySelector('dialog[open]') ?? document;
  return [...root.querySelectorAll<HTMLElement>('[data-nav]')].filter((element) => element.offsetParent !== null);
}

function focused(): HTMLElement | null {
  const element = document.activeElement;
  return element instanceof HTMLElement && reachable().includes(element) ? element : null;
}

function watchPads(move: (move: Move) => void): () => void {
  const pads = new PadSteer();
  let first = true;
  let frame = 0;
  const poll = (now: number) => {
    frame = requestAnimationFrame(poll);
    const connected = (navigator.getGamepads?.() ?? []).filter((pad) => pad !== null);
    const pad = mergePads(connected.map((gamepad) => padOfGamepad(gamepad)));
    if (first) pads.ignoreHeld(pad);
    else if (document.hasFocus()) pads.moves(pad, now).forEach(move);
    first = connected.length === 0;
  };
  frame = requestAnimationFrame(poll);
  return () => cancelAnimationFrame(frame);
}
