// The person's microphone, for a program that records: asked for in our words before the browser asks in its own, shown for as long as
// it is on, and off at one press.
//
//   off --a press, or the program records--> asking --yes, and the browser's yes--> on
//    ^------ no ------------------------------'                                     |
//    '------ a press, another's microphone, the device or the permission is gone ---'
//
// While it is on and nothing records, nothing is sent.

import type { ToViewer } from '../api';
import { h, icon, iconButton } from './dom';

export type MicrophoneMessage = Extract<ToViewer, { type: 'microphone' }>;

export interface MicrophoneHooks {
  /** Whether it is on now, and what of it goes to the node. */
  speak(on: boolean, track: MediaStreamTrack | null): void;
  /** What the title is called. */
  name(): string;
  tell(text: string): void;
  /** A button was pressed: the keys are the title's again. */
  pressed(): void;
  /** It is on, off, there or not there, other than before. */
  changed(): void;
}

const WANTED: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };

export class Microphone {
  readonly button = iconButton('microphone', 'Microphone', () => this.toggle());
  private readonly live = h('button', { class: 'pill live', type: 'button', hidden: true, on: { click: () => this.toggle() } });
  private readonly says = h('p', {});
  private readonly asks = h(
    'div',
    { class: 'pill asks', hidden: true, aria: { role: 'alertdialog', label: 'Microphone' } },
    this.says,
    h('button', { type: 'button', on: { click: () => this.answer(true) } }, 'Turn on'),
    h('button', { type: 'button', on: { click: () => this.answer(false) } }, 'Not now'),
  );
  /** What lies on the picture. */
  readonly element = h('div', { class: 'microphone', aria: { live: 'assertive' } }, this.live, this.asks);
  private track: MediaStreamTrack | null = null;
  private there = false;
  private records = false;
  /** The person was asked since the run began, and what was said. */
  private agreed: boolean | null = null;
  /** What was said last of it. */
  private told: boolean | null = null;
  /** Counts what was asked of the browser: an answer to an older question is none. */
  private question = 0;

  constructor(private readonly hooks: MicrophoneHooks) {
    this.button.classList.add('speaks');
    this.button.hidden = true;
  }

  get on(): boolean {
    return this.track !== null;
  }

  /** On or off; null: there is none to turn on. */
  get state(): boolean | null {
    return this.there ? this.on : null;
  }

  /** Whether the title hears a microphone, and we may use it. */
  offer(there: boolean): void {
    if (this.there === there) return;
    this.there = there;
    // It is told again where it is so.
    if (!there) this.records = false;
    if (!there) this.off('You may not use the microphone any more.');
    this.show();
  }

  hear({ records, whose }: MicrophoneMessage): void {
    const begins = records && !this.records;
    this.records = records;
    if (this.on && whose) this.off(`${whose} is heard now; your microphone is off.`);
    if (begins && !this.on && !whose && this.agreed === null) this.ask(true);
    if (!records && this.agreed === null) this.asks.hidden = true;
    this.send();
  }

  /** By a press: what was agreed to once is not asked again. */
  toggle(): void {
    if (this.on) this.off(null);
    else if (this.agreed) void this.open();
    else this.ask(false);
    this.hooks.pressed();
  }

  /** The run is over. */
  close(): void {
    this.off(null);
    [this.there, this.records, this.agreed] = [false, false, null];
    this.show();
  }

  private ask(program: boolean): void {
    if (!navigator.mediaDevices) {
      this.hooks.tell(`${program ? `${this.hooks.name()} wants to hear your microphone. ` : ''}Browsers give it only to pages that come by HTTPS, or from this machine.`);
      return;
    }
    this.says.textContent = `${this.hooks.name()} ${program ? 'wants to hear' : 'hears'} your microphone while it is on. The server passes it on and keeps nothing.`;
    this.asks.hidden = false;
  }

  private answer(yes: boolean): void {
    this.asks.hidden = true;
    this.agreed = yes;
    if (yes) void this.open();
    this.hooks.pressed();
  }

  private async open(): Promise<void> {
    const question = ++this.question;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: WANTED });
      const track = stream.getAudioTracks()[0]!;
      if (question !== this.question || !this.there) return track.stop();
      this.track = track;
      track.onended = () => this.off('The microphone is gone.');
    } catch (error) {
      // Where it is not allowed the sentence comes again with the next press.
      this.agreed = false;
      this.hooks.tell(sentenceOf((error as DOMException).name));
    }
    this.send();
  }

  private off(why: string | null): void {
    this.question++;
    this.asks.hidden = true;
    if (!this.track) return;
    this.track.onended = null;
    this.track.stop();
    this.track = null;
    if (why) this.hooks.tell(why);
    this.send();
  }

  private send(): void {
    this.hooks.speak(this.on, this.records ? this.track : null);
    this.show();
  }

  private show(): void {
    this.button.hidden = !this.there;
    this.button.setAttribute('aria-pressed', String(this.on));
    this.live.hidden = !this.on;
    this.live.replaceChildren(icon('microphone'), this.records ? 'Microphone is on' : 'Microphone is on, not heard', h('b', {}, 'Turn off'));
    if (this.told === this.state) return;
    this.told = this.state;
    this.hooks.changed();
  }
}

/** Why the browser gave none. */
export function sentenceOf(name: string): string {
  if (name === 'NotAllowedError') return 'The browser keeps the microphone from this page. Its address bar lets you allow it.';
  if (name === 'NotFoundError') return 'This device has no microphone.';
  return 'The microphone cannot be used now. Another program may have it.';
}
