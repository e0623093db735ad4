// `<playfield-player src="/play/TITLE">`: a title, playing. The script interface is in docs/reference/player.md.

import tokens from '../design/tokens.css?inline';
import type { EndReason, Role, SavedState, SavedStates, SessionReceipt, SessionState, Setting, VideoMode } from '../api';
import { lacks, type Lack } from './browser';
import { Controls } from './controls';
import { h } from './dom';
import { endScreen, faultScreen, type EndScreen, type Fault, type Way } from './ends';
import { endView } from './endview';
import type { Pixels, Scale } from './fit';
import { Hud } from './hud';
import { parseLayer, type Act, type Layer } from './input/bindings';
import { padSentence, seatSentence, type PadEvent, type PadInfo } from './input/desk';
import type { ScriptInput } from './input/script';
import { canShowLossless } from './lossless';
import { menusOf } from './menu/host';
import { Microphone } from './microphone';
import { changesOf, partSentence } from './people';
import { Play, type PlayHost, type PlayState } from './play';
import { Poster } from './poster';
import { prewarm } from './prewarm';
import { PIXELS, SCALES, VIDEOS, choose, keepSettings, settings } from './settings';
import { Sheet } from './sheet';
import { Sound } from './sound';
import { bottleneckOf, type PlayerStats } from './stats';
import { keepLayer, layerOf } from './storage';
import receiptCss from '../design/receipt.css?inline';
import css from './style.css?inline';
import { Surface } from './surface';
import { Windows } from './windows';

/** What `session` returns. */
export interface PlayerSession {
  id: string;
  viewer: string;
  /** What we are in it: we began it, or came by a link. */
  role: Role;
  /** The seats we play from, from 0; none for who watches. */
  seats: number[];
  /** The session's, as the server has it; null before it told. */
  state: SessionState | null;
}

const sheetOf = (text: string) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
};
const STYLES = [sheetOf(tokens), sheetOf(receiptCss), sheetOf(css)];

export class PlayfieldPlayer extends HTMLElement {
  static readonly observedAttributes = ['src', 'name', 'poster', 'scale', 'pixels'];

  private readonly stage = h('div', { class: 'stage' });
  private readonly poster = new Poster(() => ({ name: this.titleName, picture: this.getAttribute('poster') }));
  private readonly sheet = new Sheet();
  private readonly sound = new Sound();
  private readonly mic = new Microphone({
    speak: (on, track) => this.run?.speak(on, track),
    name: () => this.titleName,
    tell: (text) => this.hud.tell(text),
    pressed: () => this.focus({ preventScroll: true }),
    changed: () => this.micChanged(),
  });
  private readonly hud = new Hud({
    mute: () => (this.muted = !this.muted),
    fullscreen: () => this.windows.toggleFull(this.run?.kinds.has('keys') ?? false),
    menu: () => this.openMenu(),
    keyboard: () => this.controls?.field.focus(),
  }, this.mic);
  private readonly surfaces = new Surface(this.stage, (reports) => this.run?.presented(reports), (zoom) => this.run?.enlarge(zoom));
  private readonly windows = new Windows(this, this.stage, this.surfaces, (text) => this.hud.tell(text), {
    opened: (window) => this.wentSmall(window),
    closed: () => this.cameBack(),
  });
  private readonly menus = menusOf(this, this.sheet, this.windows, {
    run: () => this.run,
    controls: () => this.controls,
    videos: () => this.videos,
    name: () => this.titleName,
    title: () => this.titleId,
    address: () => this.address()?.href ?? location.href,
    stats: () => this.statsTimer !== null,
    microphone: () => this.mic.state,
    showStats: (on) => this.keepStats(on),
    close: (then) => this.closeMenu(then),
    restart: () => void this.restart(),
    leave: () => this.leave(),
    account: () => this.accountOf(),
  });
  /** Gamepads that were pressed and whose seat the node has not told yet. */
  private waiting: PadInfo[] = [];
  private run: Play | null = null;
  private watching = false;
  /** The program does not answer. */
  private silent = false;
  private controls: Controls | null = null;
  private videos: VideoMode[] = [];
  private listeners = new AbortController();
  private statsTimer: ReturnType<typeof setInterval> | null = null;
  private mode: VideoMode = settings().video;
  private scaling: Scale = settings().scale;
  private drawing: Pixels = settings().pixels;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = STYLES;
    root.append(this.stage, this.windows.element, this.poster.element, this.hud.element, this.sheet.element);
    this.surfaces.scale = this.scaling;
    this.surfaces.pixels = this.drawing;
    this.sheet.onopen = (open) => this.hud.toasts.hold(open);
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
    if (!ticket) return null;
    const { seats, sessionState: state } = this.run!;
    return { id: ticket.session, viewer: ticket.viewer, role: ticket.role, seats: [...seats], state };
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
    this.mode = choose('video', VIDEOS, mode);
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

  /** No sound while the page is hidden. */
  get muteHidden(): boolean {
    return this.sound.quietHidden;
  }

  set muteHidden(quiet: boolean) {
    this.sound.quietHidden = quiet;
  }

  /** How the picture fits its room. */
  get scale(): Scale {
    return this.scaling;
  }

  set scale(scale: Scale) {
    this.surfaces.scale = this.scaling = choose('scale', SCALES, scale);
  }

  /** How pixels larger than the screen's are drawn. */
  get pixels(): Pixels {
    return this.drawing;
  }

  set pixels(pixels: Pixels) {
    this.surfaces.pixels = this.drawing = choose('pixels', PIXELS, pixels);
  }

  /** Whether the microphone is on; turned on, the person is asked. */
  get microphone(): boolean {
    return this.mic.on;
  }

  set microphone(on: boolean) {
    if (this.mic.state === !on) this.mic.toggle();
  }

  /** The gamepads of this device, and whom they play as. */
  get pads(): PadInfo[] {
    return this.controls?.gamepads.desk.list() ?? [];
  }

  /** The keys and buttons that were changed for this title. */
  get bindings(): Layer {
    return layerOf(this.titleId);
  }

  set bindings(layer: Layer) {
    keepLayer(this.titleId, parseLayer(layer));
    this.controls?.rebind();
  }

  /** What the title lets us choose; empty for who may not. */
  get titleSettings(): Setting[] {
    return structuredClone(this.run?.settings ?? []);
  }

  /** Asks the title for another value of one of its settings; `titleSettings` has it once the server says so. */
  choose(key: string, value: string): void {
    const settings = this.run?.settings ?? [];
    const setting = settings.find((setting) => setting.key === key);
    choose('key', settings.map((setting) => setting.key), key);
    choose(key, setting!.choices.map((choice) => choice.value), value);
    this.run!.choose(key, value);
  }

  /** What this browser lacks. */
  get lacks(): Lack[] {
    return lacks();
  }

  /** Numbers about the stream now. */
  stats(): PlayerStats {
    const numbers = this.numbers();
    return { ...numbers, bottleneck: bottleneckOf(numbers, this.videos) };
  }

  private numbers(): Omit<PlayerStats, 'bottleneck'> {
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
      limited: run?.limited ?? null,
      codec: run?.codec ?? 'H.264',
      receipt: run?.receipt ?? null,
      refused: run?.refusals ?? 0,
    };
  }

  /** Plays as a device would: held until the next call says otherwise. */
  send(input: ScriptInput): void {
    this.controls?.send(input);
  }

  /**
   * For measuring: from now on each exact picture that reached the screen is told by `playfield-frames`, with the colour of
   * this pixel; null ends that.
   */
  watch(pixel: { x: number; y: number } | null): void {
    this.watching = pixel !== null;
    this.run?.watchPixel(pixel);
  }

  /** Where the time of the session's pictures went, as the server has it. */
  async receipt(): Promise<SessionReceipt> {
    if (!this.run?.ticket) throw new Error('There is no session.');
    return this.run.account();
  }

  /** The states that were saved of this title, and why there can be none. */
  states(): Promise<SavedStates> {
    return this.askStates('GET');
  }

  /** Saves the state of now in a slot from 0, in place of what is there. */
  saveState(slot = 0): Promise<SavedState> {
    return this.askStates('PUT', `/${slot}`);
  }

  /** Goes back to the state in a slot. */
  loadState(slot = 0): Promise<void> {
    return this.askStates('POST', `/${slot}/load`);
  }

  deleteState(slot: number): Promise<void> {
    return this.askStates('DELETE', `/${slot}`);
  }

  private async askStates<T>(method: string, path = ''): Promise<T> {
    const { run } = this;
    if (!run?.ticket) throw new Error('There is no session.');
    return run.sessions.states<T>(run.ticket, method, path);
  }

  /** What a key does, told in a word. */
  private async quick(act: Act): Promise<void> {
    const done = act === 'save' ? this.saveState() : this.loadState();
    this.hud.tell(await done.then(() => (act === 'save' ? 'Saved' : 'Loaded'), (error: Error) => error.message));
  }

  /** Gives a gamepad, by its index, to a player from 0; null leaves it out. */
  givePad(index: number, player: number | null): void {
    this.controls?.givePad(index, player);
  }

  /** Moves the picture into a small window, or back. Browsers want a click or a key for that. */
  togglePip(): Promise<void> {
    return this.windows.toggleSmall();
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
    this.hud.toasts.clear();
    this.poster.begin();
    const play = new Play(this.host(), url.origin, this.titleId, this.wish());
    this.run = play;
    this.silent = false;
    this.controls = new Controls(this, this.stage, play, this.surfaces, this.sheet, {
      menu: () => this.toggleMenu(),
      stirred: () => this.stir(),
      pads: (events) => this.padsChanged(events),
      away: () => this.windows.small === true,
      hidden: (hidden) => this.sound.setHidden(hidden),
      standing: () => this.showStanding(),
      tell: (text) => this.hud.tell(text),
      offer: (text, act) => this.hud.offer(text, act),
      act: (act) => void this.quick(act),
    });
    this.poster.element.before(this.controls.touch.pad.element, this.controls.field);
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
    if (this.hasAttribute('muted')) this.sound.silence();
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
    this.poster.hide();
    this.showStats(false);
    this.drop();
    this.run = null;
    this.sound.close();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === 'scale') this.scale = SCALES.find((scale) => scale === now) ?? settings().scale;
    else if (name === 'pixels') this.pixels = PIXELS.find((pixels) => pixels === now) ?? settings().pixels;
    else if (name !== 'src') this.describe();
    if (name === 'src' && before !== null && this.run) this.play();
  }

  /** The name people know the title by; without a `name` attribute, the last part of its address. */
  private get titleName(): string {
    return this.getAttribute('name') ?? this.address()?.pathname.split('/').at(-1) ?? 'Title';
  }

  private get titleId(): string {
    return decodeURIComponent(this.address()?.pathname.split('/').filter(Boolean).at(-1) ?? '');
  }

  private address(): URL | null {
    // `URL.canParse` is younger than some browsers that can play.
    try {
      return new URL(this.src, document.baseURI);
    } catch {
      return null;
    }
  }

  private describe(): void {
    if (this.state === 'opening' && this.poster.shown) this.poster.begin();
    this.setAttribute('aria-label', `${this.titleName}, playing. Escape opens the menu.`);
  }

  private wish(): VideoMode {
    return canShowLossless() ? this.mode : 'h264';
  }

  /** Leaves the run; its session stays for the grace time. */
  private drop(): void {
    this.windows.closeSmall();
    this.mic.close();
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
        // Told again where it is so.
        this.silent = false;
        this.controls?.understood(kinds);
        this.mic.offer(this.run!.hears && this.run!.may.includes('microphone'));
        this.hud.canType(kinds.has('text') && matchMedia('(pointer: coarse)').matches);
      },
      seated: () => this.seated(),
      rumble: (place, rumble) => this.controls?.rumble(place, rumble),
      people: (before, now) => {
        const changes = changesOf(before, now, this.run?.seats ?? []);
        if (changes.length > 0) this.hud.tell(changes.join(' '));
        this.menus.refresh();
        this.showStanding();
      },
      changed: (before) => {
        const { role, seats } = this.run!;
        const told = partSentence(before, { role: role!, seats });
        if (told) this.hud.tell(told);
        this.menus.refresh();
        this.showStanding();
        this.dispatch('playfield-state', { state: this.state, session: this.session });
      },
      settings: () => {
        this.menus.settingsTold();
        this.dispatch('playfield-settings', { settings: this.titleSettings });
      },
      toast: (text) => {
        if (!this.dispatch('playfield-notice', { text }).defaultPrevented) this.hud.toasts.say(text);
      },
      announce: (mode, width, height, aspect) => this.surfaces.announce(mode, width, height, aspect),
      painted: (width, height) => this.surfaces.painted('lossless', width, height),
      frames: (frames) => this.watching && this.dispatch('playfield-frames', { frames }),
      tile: (tile) => this.surfaces.exact.tile(tile),
      shows: (shows) => this.surfaces.exact.shows(shows),
      video: (track) => this.surfaces.useTrack(track),
      sound: (track) => this.sound.useTrack(track),
      firstFrame: (ms) => {
        this.poster.hide();
        this.dispatch('playfield-firstframe', { ms });
      },
      shaky: (shaky) => {
        if (shaky && this.state === 'playing') this.hud.say('The connection is weak');
        else if (this.state === 'playing') this.showStanding();
      },
      notice: (text) => this.hud.tell(text),
      desk: (message) => {
        if (message.type === 'answers') this.silent = !message.answers;
        else this.controls?.desk.hear(message);
        this.showStanding();
      },
      microphone: (message) => this.mic.hear(message),
      ended: (reason, detail, said) => this.ended(reason, detail, said),
      failed: (fault, detail, status) => this.failed(fault, detail, status),
    };
  }

  private padsChanged(events: PadEvent[]): void {
    for (const event of events) {
      const told = padSentence(event);
      if (told && this.run?.kinds.has('pad')) this.hud.tell(told);
      if (event.type === 'joined') this.waiting.push(event.pad);
    }
    const run = this.run;
    if (run && this.waiting.every(({ player }) => run.seats[player ?? 0] !== undefined)) this.seated();
    this.menus.refresh();
    this.dispatch('playfield-pads', { pads: this.pads });
  }

  /** Tells whom gamepads play as that were pressed. */
  private seated(): void {
    const run = this.run;
    const waiting = this.waiting.splice(0);
    if (run && run.seatsAllowed > 1) for (const pad of waiting) this.hud.tell(seatSentence(pad, run.seats));
  }

  private cameBack(): void {
    this.surfaces.mirrored = false;
    this.controls?.visibility();
    this.dispatch('playfield-pip', { open: false });
  }

  private wentSmall(window: Window | null): void {
    if (window) this.controls?.listenIn(window);
    this.surfaces.mirrored = window === null;
    this.dispatch('playfield-pip', { open: true });
  }

  private stateChanged(state: PlayState): void {
    this.dataset.state = state;
    if (state !== 'playing') this.controls?.gamepads.still();
    this.showStanding();
    this.dispatch('playfield-state', { state, session: this.session });
  }

  private micChanged(): void {
    this.toggleAttribute('data-speaks', this.mic.on);
    this.menus.refresh();
    this.dispatch('playfield-microphone', { on: this.mic.on });
  }

  /** What lasts and is worth knowing: no connection, or nobody who plays. */
  private showStanding(): void {
    const run = this.run;
    if (this.state === 'reconnecting') this.hud.say('Connection lost. Reconnecting…');
    else if (run?.watches && run.sessionState === 'pendingReconnection') this.hud.say('Waiting for a player');
    else if (this.silent && run?.state === 'playing') this.hud.say('The program does not answer');
    else if (this.controls?.desk.locks && !document.pointerLockElement) this.hud.say('Click to lock the mouse, Escape to free it');
    else this.hud.say(null);
    this.hud.watching(run?.watches ?? false);
  }

  private ended(reason: EndReason, detail: string | null, said: string | null): void {
    const screen = { ...endScreen(reason, detail), said };
    this.dispatch('playfield-end', { reason, detail: screen.sentence });
    this.showEnd(screen);
  }

  private failed(fault: Fault, detail: string | null, status: number | null): void {
    const screen = faultScreen(fault, detail);
    const event = this.dispatch('playfield-error', { fault, detail: screen.sentence, status });
    if (!event.defaultPrevented) this.showEnd(screen);
  }

  private showEnd(screen: EndScreen): void {
    this.poster.hide();
    this.mic.close();
    this.controls?.release();
    this.controls?.touch.pad.show(false);
    this.windows.closeSmall();
    if (document.pointerLockElement) document.exitPointerLock();
    const ways = screen.ways.filter((way) => (way !== 'back' && way !== 'signIn') || this.hasAttribute('home'));
    // A page without a catalogue still gets a way on.
    this.sheet.show(screen.headline, () => endView(screen, ways.length > 0 ? ways : ['retry'], (way) => this.take(way), this.accountOf()), null);
  }

  /** Asks where the time went of a session that showed something. */
  private accountOf(): (() => Promise<SessionReceipt>) | null {
    const run = this.run;
    return run?.ticket && run.frames.pictures > 0 ? () => run.account() : null;
  }

  private take(way: Way): void {
    if (way === 'back') return this.leave();
    if (way === 'signIn') return this.goTo(new URL(`/sign-in?next=${encodeURIComponent(location.pathname)}`, this.address() ?? location.href).href);
    if (way !== 'reconnect') return this.play();
    this.sheet.hide();
    this.run?.reconnect();
  }

  private leave(): void {
    const run = this.run;
    this.drop();
    this.dispatch('playfield-state', { state: 'idle' });
    void run?.leave();
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
    this.menus.open();
  }

  private closeMenu(then: () => void = () => {}): void {
    this.sheet.hide();
    this.focus({ preventScroll: true });
    then();
  }

  private async restart(): Promise<void> {
    this.sheet.hide();
    this.poster.begin();
    await this.stop();
    this.play();
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

  private stir(): void {
    this.hud.wake();
    this.toggleAttribute('data-idle', false);
  }

  private offerStart(): void {
    this.poster.offer((askedAt) => this.play(askedAt), prewarm);
  }

  private dispatch(type: string, detail: unknown): CustomEvent {
    const event = new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: true });
    this.dispatchEvent(event);
    return event;
  }
}
