// `<playfield-player src="/play/TITLE">`: a title, playing. The script interface is in docs/reference/player.md.

import tokens from '../design/tokens.css?inline';
import type { EndReason, SessionState, VideoMode } from '../api';
import { Controls } from './controls';
import { h, icon } from './dom';
import { endScreen, faultScreen, type EndScreen, type Fault, type Way } from './ends';
import { endView } from './endview';
import { Hud } from './hud';
import type { ScriptInput } from './input/script';
import { canShowLossless } from './lossless';
import { menuView } from './menu';
import { Play, type PlayHost, type PlayState } from './play';
import { prewarm } from './prewarm';
import { share } from './share';
import { Sheet } from './sheet';
import { Sound } from './sound';
import type { PlayerStats } from './stats';
import { keepSettings, settings } from './storage';
import css from './style.css?inline';
import { Surface } from './surface';

/** What `session` returns. */
export interface PlayerSession {
  id: string;
  viewer: string;
  /** The session's, as the server has it; null before it told. */
  state: SessionState | null;
}

/** How long a start may take before the poster is shown, in ms. */
const POSTER_MS = 160;

const sheetOf = (text: string) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
};
const STYLES = [sheetOf(tokens), sheetOf(css)];

export class PlayfieldPlayer extends HTMLElement {
  static readonly observedAttributes = ['src', 'name', 'poster'];

  private readonly stage = h('div', { class: 'stage' });
  private readonly poster = h('div', { class: 'poster' });
  private readonly sheet = new Sheet();
  private readonly sound = new Sound();
  private readonly hud = new Hud({
    mute: () => (this.muted = !this.muted),
    fullscreen: () => this.toggleFullscreen(),
    menu: () => this.openMenu(),
    keyboard: () => this.controls?.field.focus(),
  });
  private readonly surfaces = new Surface(this.stage, (reports) => this.run?.presented(reports));
  private run: Play | null = null;
  private controls: Controls | null = null;
  private videos: VideoMode[] = [];
  private listeners = new AbortController();
  private posterTimer: ReturnType<typeof setTimeout> | null = null;
  private statsTimer: ReturnType<typeof setInterval> | null = null;
  private mode: VideoMode = settings().video;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = STYLES;
    root.append(this.stage, this.poster, this.hud.element, this.sheet.element);
    this.sound.onblocked = (blocked) => this.hud.soundBlocked(blocked);
    this.hud.muted(this.sound.muted);
  }

  /** Address of the title, `/play/TITLE`; its origin is the server that runs it. */
  get src(): string {
    return this.getAttribute('src') ?? '';
  }

  set src(src: string) {
    this.setAttribute('src', src);
  }

  /** The element that shows the picture now: a canvas (lossless) or a video element (H.264). */
  get surface(): HTMLCanvasElement | HTMLVideoElement {
    return this.surfaces.element;
  }

  /** Where we are, once a session exists. */
  get session(): PlayerSession | null {
    const ticket = this.run?.ticket;
    return ticket ? { id: ticket.session, viewer: ticket.viewer, state: this.run!.sessionState } : null;
  }

  /** What the player is doing. */
  get state(): PlayState {
    return this.run?.state ?? 'idle';
  }

  /** How to send the picture: the wish, not what is; that is in `stats()`. */
  get video(): VideoMode {
    return this.mode;
  }

  set video(mode: VideoMode) {
    if (!['auto', 'lossless', 'h264'].includes(mode)) throw new TypeError(`video is auto, lossless or h264, not ${mode}`);
    this.mode = mode;
    this.run?.setVideo(this.wish());
  }

  get muted(): boolean {
    return this.sound.muted;
  }

  set muted(muted: boolean) {
    this.sound.muted = muted;
    this.hud.muted(muted);
  }

  get volume(): number {
    return this.sound.volume;
  }

  set volume(volume: number) {
    this.sound.volume = volume;
  }

  /** Numbers about the stream now. */
  stats(): PlayerStats {
    const run = this.run;
    const rtt = run?.clock.roundTripMs() ?? null;
    const presentMs = run?.frames.presentMs() ?? null;
    return {
      video: this.surfaces.mode,
      width: this.surfaces.width,
      height: this.surfaces.height,
      fps: run?.frames.fps(performance.now()) ?? 0,
      pictureAgeMs: rtt === null || presentMs === null ? null : rtt / 2 + presentMs,
      presentMs,
      rttMs: rtt,
      clock: run?.clock.estimate() ?? null,
      bitrateBps: run?.bitrateBps ?? null,
      firstFrameMs: run?.firstFrameMs ?? null,
      reconnects: run?.reconnects ?? 0,
      pictures: run?.frames.pictures ?? 0,
      receipt: run?.receipt ?? null,
    };
  }

  /** Plays as a device would: held until the next call says otherwise. */
  send(input: ScriptInput): void {
    this.controls?.send(input);
  }

  /** Makes a connection ready, so that the next start is quick. */
  prewarm(): void {
    prewarm();
  }

  /** Starts (again). `since` is when the person asked, in ms of `performance.now()` as event time stamps are. */
  play(since = performance.now()): void {
    const url = this.address();
    if (!url) return;
    this.drop();
    this.showPoster(true);
    const play = new Play(this.host(), url.origin, decodeURIComponent(url.pathname.split('/').filter(Boolean).at(-1) ?? ''), this.wish());
    this.run = play;
    this.controls = new Controls(this, this.stage, play, this.surfaces, this.sheet, {
      menu: () => this.toggleMenu(),
      stirred: () => this.stir(),
    });
    this.stage.after(this.controls.touchpad.element, this.controls.field);
    this.sheet.hide();
    this.focus({ preventScroll: true });
    void play.start(since);
  }

  /** Ends the session for good. */
  async stop(): Promise<void> {
    const run = this.run;
    this.drop();
    this.dispatch('playfield-state', { state: 'idle' });
    await run?.stop();
  }

  connectedCallback(): void {
    if (!this.hasAttribute('tabindex')) this.tabIndex = 0;
    if (!this.hasAttribute('role')) this.setAttribute('role', 'application');
    this.describe();
    this.listeners = new AbortController();
    const signal = this.listeners.signal;
    addEventListener('pagehide', () => this.run?.close(), { signal });
    addEventListener('pageshow', (event) => event.persisted && this.play(), { signal });
    this.showStats(settings().stats);
    if (this.getAttribute('start') === 'click') this.offerStart();
    else if (!this.run) queueMicrotask(() => this.isConnected && !this.run && this.play());
  }

  disconnectedCallback(): void {
    this.listeners.abort();
    this.showPoster(false);
    this.showStats(false);
    this.drop();
    this.run = null;
    this.sound.close();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (name !== 'src' && before !== now) this.describe();
    if (name === 'src' && before !== null && before !== now && this.run) this.play();
  }

  /** The name people know the title by; without a `name` attribute, the last part of its address. */
  private get titleName(): string {
    return this.getAttribute('name') ?? this.address()?.pathname.split('/').at(-1) ?? 'Title';
  }

  private address(): URL | null {
    return URL.canParse(this.src, document.baseURI) ? new URL(this.src, document.baseURI) : null;
  }

  private describe(): void {
    if (this.state === 'opening' && !this.poster.hasAttribute('data-gone')) this.showPoster(true);
    this.setAttribute('aria-label', `${this.titleName}, playing. Escape opens the menu.`);
  }

  private wish(): VideoMode {
    return canShowLossless() ? this.mode : 'h264';
  }

  /** Leaves the run; its session stays for the grace time. */
  private drop(): void {
    this.controls?.close();
    this.run?.close();
    this.controls = null;
  }

  private host(): PlayHost {
    return {
      state: (state) => this.stateChanged(state),
      canvas: (canvas) => this.surfaces.useCanvas(canvas),
      hello: (kinds, videos) => {
        this.videos = videos;
        this.controls?.understood(kinds);
        this.hud.canType(kinds.has('text') && matchMedia('(pointer: coarse)').matches);
      },
      announce: (mode, width, height) => this.surfaces.announce(mode, width, height),
      painted: (width, height) => this.surfaces.painted('lossless', width, height),
      video: (track) => this.surfaces.useTrack(track),
      sound: (track) => this.sound.useTrack(track),
      firstFrame: (ms) => {
        this.showPoster(false);
        this.dispatch('playfield-firstframe', { ms });
      },
      shaky: (shaky) => this.state === 'playing' && this.hud.say(shaky ? 'The connection is weak' : null),
      notice: (text) => this.hud.tell(text),
      ended: (reason, detail) => this.ended(reason, detail),
      failed: (fault, detail, status) => this.failed(fault, detail, status),
    };
  }

  private stateChanged(state: PlayState): void {
    this.dataset.state = state;
    this.hud.say(state === 'reconnecting' ? 'Connection lost. Reconnecting…' : null);
    this.dispatch('playfield-state', { state, session: this.session });
  }

  private ended(reason: EndReason, detail: string | null): void {
    const screen = endScreen(reason, detail);
    this.dispatch('playfield-end', { reason, detail: screen.sentence });
    this.showEnd(screen);
  }

  private failed(fault: Fault, detail: string | null, status: number | null): void {
    const screen = faultScreen(fault, detail);
    const event = this.dispatch('playfield-error', { fault, detail: screen.sentence, status });
    if (!event.defaultPrevented) this.showEnd(screen);
  }

  private showEnd(screen: EndScreen): void {
    this.showPoster(false);
    this.controls?.release();
    this.controls?.touchpad.show(false);
    if (document.pointerLockElement) document.exitPointerLock();
    const ways = screen.ways.filter((way) => (way !== 'back' && way !== 'signIn') || this.hasAttribute('home'));
    // A page without a catalogue still gets a way on.
    this.sheet.show(screen.headline, endView(screen, ways.length > 0 ? ways : ['retry'], (way) => this.take(way)), null);
  }

  private take(way: Way): void {
    if (way === 'back') return this.leave();
    if (way === 'signIn') return this.goTo(new URL(`/sign-in?next=${encodeURIComponent(location.pathname)}`, this.address() ?? location.href).href);
    if (way !== 'reconnect') return this.play();
    this.sheet.hide();
    this.run?.reconnect();
  }

  private leave(): void {
    void this.stop();
    if (document.fullscreenElement) void document.exitFullscreen();
    const home = this.getAttribute('home');
    const event = this.dispatch('playfield-leave', {});
    if (home !== null && !event.defaultPrevented) this.goTo(home);
    else if (!event.defaultPrevented) this.offerStart();
  }

  private goTo(address: string): void {
    location.href = address;
  }

  private toggleMenu(): void {
    if (!this.sheet.open) this.openMenu();
    else if (this.state === 'playing' || this.state === 'reconnecting') this.closeMenu();
  }

  private openMenu(): void {
    if (this.sheet.open) return;
    if (document.pointerLockElement) document.exitPointerLock();
    this.controls?.release();
    const view = menuView(
      {
        name: this.titleName,
        muted: this.muted,
        volume: this.volume,
        video: this.mode,
        videos: this.videos,
        stats: this.statsTimer !== null,
        fullscreen: this.isFullscreen(),
        touchpad: this.controls?.touchpadWish ?? null,
        canLeave: this.hasAttribute('home'),
        holdEscape: this.run?.kinds.has('keys') ?? false,
      },
      {
        resume: () => this.closeMenu(),
        mute: () => (this.muted = !this.muted),
        volume: (volume) => this.setVolume(volume),
        video: (mode) => {
          this.video = mode;
          keepSettings({ video: mode });
        },
        stats: () => this.closeMenu(() => this.keepStats(this.statsTimer === null)),
        fullscreen: () => this.closeMenu(() => this.toggleFullscreen()),
        touchpad: () => this.closeMenu(() => this.controls?.toggleTouchpad()),
        share: () => share(this.titleName, this.address()?.href ?? location.href),
        restart: () => void this.restart(),
        leave: () => this.closeMenu(() => this.leave()),
      },
    );
    this.sheet.show('Menu', view, () => this.closeMenu());
  }

  private closeMenu(then: () => void = () => {}): void {
    this.sheet.hide();
    this.focus({ preventScroll: true });
    then();
  }

  private async restart(): Promise<void> {
    this.sheet.hide();
    this.showPoster(true);
    await this.stop();
    this.play();
  }

  private setVolume(volume: number): void {
    this.volume = volume;
    this.muted = volume === 0;
  }

  private keepStats(on: boolean): void {
    keepSettings({ stats: on });
    this.showStats(on);
  }

  private showStats(on: boolean): void {
    if (this.statsTimer !== null) clearInterval(this.statsTimer);
    this.statsTimer = on ? setInterval(() => this.hud.showStats(this.stats()), 500) : null;
    this.hud.showStats(on ? this.stats() : null);
  }

  private isFullscreen(): boolean {
    return (this.getRootNode() as Document | ShadowRoot).fullscreenElement === this;
  }

  private toggleFullscreen(): void {
    if (this.isFullscreen()) return void document.exitFullscreen();
    const locked = { navigationUI: 'hide', keyboardLock: 'browser' } as FullscreenOptions;
    this.requestFullscreen?.(locked).catch(() => this.hud.tell('This browser does not allow full screen here.'));
    const { keyboard } = navigator as Navigator & { keyboard?: { lock?(keys: string[]): Promise<void> } };
    if (this.run?.kinds.has('keys')) keyboard?.lock?.(['Escape']).catch(() => {});
  }

  private stir(): void {
    this.hud.wake();
    this.toggleAttribute('data-idle', false);
  }

  private offerStart(): void {
    this.showPoster(false);
    this.poster.removeAttribute('data-gone');
    const press = (event: Event) => {
      button.remove();
      this.play(event.timeStamp);
    };
    const button = h('button', { class: 'start', type: 'button', aria: { label: `Play ${this.titleName}` }, on: { click: press, pointerenter: prewarm, focus: prewarm } }, h('span', {}, playIcon()));
    this.poster.replaceChildren(...this.posterImage(), button);
  }

  private showPoster(shown: boolean): void {
    if (this.posterTimer !== null) clearTimeout(this.posterTimer);
    this.posterTimer = null;
    if (!shown) return void this.poster.setAttribute('data-gone', '');
    this.poster.removeAttribute('data-gone');
    this.poster.replaceChildren();
    // Most starts are over sooner, and drawing a large picture out of focus would hold up the first one of the title.
    this.posterTimer = setTimeout(() => this.fillPoster(), POSTER_MS);
  }

  private fillPoster(): void {
    this.poster.replaceChildren(...this.posterImage(), h('strong', {}, this.titleName), h('div', { class: 'progress', aria: { role: 'progressbar', label: 'Starting' } }));
  }

  private posterImage(): HTMLElement[] {
    const poster = this.getAttribute('poster');
    return poster ? [h('img', { src: poster, alt: '' })] : [];
  }

  private dispatch(type: string, detail: unknown): CustomEvent {
    const event = new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: true });
    this.dispatchEvent(event);
    return event;
  }
}

function playIcon(): SVGSVGElement {
  const svg = icon('menu');
  svg.firstElementChild!.setAttribute('d', 'M8 5.5v13l11-6.5z');
  return svg;
}
