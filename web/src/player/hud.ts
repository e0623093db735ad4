// What lies on the picture while playing: three buttons that hide themselves, a status line, the hint about sound, and the statistics.

import { h, icon, iconButton } from './dom';
import type { Microphone } from './microphone';
import { statsView } from './statsview';
import type { PlayerStats } from './stats';
import { Toasts } from './toasts';

const HIDE_AFTER_MS = 2200;
const NOTICE_MS = 6000;
const OFFER_MS = 12_000;

export interface HudActions {
  mute(): void;
  fullscreen(): void;
  menu(): void;
  keyboard(): void;
}

export class Hud {
  readonly element: HTMLElement;
  private readonly sound: HTMLButtonElement;
  private readonly keyboard: HTMLButtonElement;
  private readonly status = h('div', { class: 'pill status', hidden: true, aria: { role: 'status' } });
  private readonly watches = h('div', { class: 'pill watches', hidden: true }, 'Watching');
  private readonly notice = h('div', { class: 'pill notice', hidden: true, aria: { role: 'status' } });
  /** What the title says. */
  readonly toasts = new Toasts();
  private readonly soundHint: HTMLButtonElement;
  private readonly offered = h('button', { class: 'pill sound-hint', type: 'button', hidden: true });
  private readonly stats = h('div', { class: 'stats', hidden: true });
  private hideTimer: ReturnType<typeof setTimeout> | null = null;
  private noticeTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(act: HudActions, microphone: Microphone) {
    this.sound = iconButton('sound', 'Sound', act.mute);
    this.keyboard = iconButton('keyboard', 'Keyboard', act.keyboard);
    this.keyboard.hidden = true;
    // A gesture anywhere turns the sound on; the button is there to be seen and reached.
    this.soundHint = h('button', { class: 'pill sound-hint', type: 'button', hidden: true }, icon('sound'), 'Tap for sound');
    const bar = h(
      'div',
      { class: 'bar', aria: { role: 'toolbar', label: 'Player' } },
      this.keyboard,
      microphone.button,
      this.sound,
      iconButton('full', 'Full screen', act.fullscreen),
      iconButton('menu', 'Menu', act.menu),
    );
    this.element = h('div', { class: 'hud' }, this.stats, bar, h('div', { class: 'pills' }, microphone.element, this.watches, this.soundHint, this.offered, this.status, this.notice, this.toasts.element));
    this.element.addEventListener('focusin', () => this.wake());
  }

  /** Shows the buttons for a while. */
  wake(): void {
    this.element.dataset.awake = '';
    if (this.hideTimer !== null) clearTimeout(this.hideTimer);
    this.hideTimer = setTimeout(() => delete this.element.dataset.awake, HIDE_AFTER_MS);
  }

  muted(muted: boolean): void {
    this.sound.replaceChildren(icon(muted ? 'muted' : 'sound'));
    this.sound.setAttribute('aria-pressed', String(muted));
    this.sound.title = muted ? 'Sound is off' : 'Sound is on';
  }

  canType(can: boolean): void {
    this.keyboard.hidden = !can;
  }

  soundBlocked(blocked: boolean): void {
    this.soundHint.hidden = !blocked;
  }

  /** Whether one has no seat, and only sees. */
  watching(watching: boolean): void {
    this.watches.hidden = !watching;
  }

  /** A state that lasts, such as reconnecting; null takes it away. */
  say(text: string | null): void {
    this.status.hidden = text === null;
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  /** A sentence that goes away by itself. */
  tell(text: string): void {
    this.notice.textContent = text;
    this.notice.hidden = false;
    if (this.noticeTimer !== null) clearTimeout(this.noticeTimer);
    this.noticeTimer = setTimeout(() => (this.notice.hidden = true), NOTICE_MS);
  }

  /** A button that goes away by itself, or when it is pressed. */
  offer(text: string, act: () => void): void {
    const button = this.offered;
    button.textContent = text;
    button.hidden = false;
    const timer = setTimeout(() => (button.hidden = true), OFFER_MS);
    button.onclick = () => {
      clearTimeout(timer);
      button.hidden = true;
      act();
    };
  }

  showStats(stats: PlayerStats | null): void {
    this.stats.hidden = stats === null;
    if (stats) this.stats.replaceChildren(...statsView(stats));
  }
}
