// The player bundle, `/player.js`: importing it defines `<playfield-player>`. It stands alone; no framework, no other file.

import { PlayfieldPlayer } from './element';

if (!customElements.get('playfield-player')) customElements.define('playfield-player', PlayfieldPlayer);

export { PlayfieldPlayer };
export { Gamepads } from './input/gamepad';
export { padOfGamepad } from './input/gamepad';
export { mergePads } from './input/pad';
export { prewarm } from './prewarm';
export { PadSteer, type Move } from './steer';
export { keepName, keepTicket, nameOf, randomText, ticketOf } from './storage';

declare global {
  interface HTMLElementTagNameMap {
    'playfield-player': PlayfieldPlayer;
  }
}
