// One run of a title, from the click to the end: the states of playing, and what leads from one to the next.
//
//   idle -> opening -> playing <-> reconnecting -> ended
//              \---------\-------------\---------> failed
//
// It knows no DOM; the element shows what it is told here.

import type { EndReason, FromViewer, InputKind, Participant, Permission, Receipt, Role, SessionReceipt, SessionState, Setting, ToViewer, VideoMode } from '../api';
import { Clock, nowUs } from './clock';
import { Link, type LinkEvents } from './connection';
import type { DeskMessage } from './desk';
import type { Fault } from './ends';
import type { Tile } from './exact';
import type { Zoom } from './fit';
import { Api, ApiError, Unreachable } from './http';
import type { Rumble } from './input/rumble';
import { Sender } from './input/sender';
import { InputState, MOST_SEATS } from './input/state';
import type { Lossless } from './lossless';
import type { FromWorker, WatchedFrame } from './lossless/messages';
import type { Shows } from './lossless/tiles';
import type { MicrophoneMessage } from './microphone';
import { canPlay, takeWarm } from './prewarm';
import { Sessions } from './session';
import { FrameStats } from './stats';
import type { Ticket } from './storage';
import { readClock, type FrameReport } from './wire';

/** Who is in the session: seats that are taken, those of them whose players are away, and how many watch. */
export interface People {
  seats: number[];
  away: number[];
  watching: number;
  /** Each of them, in the order they came. */
  list: Participant[];
}

/** What we are in a session. */
export interface Part {
  role: Role;
  seats: readonly number[];
}

export type PlayState = 'idle' | 'opening' | 'playing' | 'reconnecting' | 'ended' | 'failed';

/** Who shows what happens. */
export interface PlayHost {
  state(state: PlayState): void;
  /** A canvas that lossless pictures appear on. */
  canvas(canvas: HTMLCanvasElement): void;
  hello(input: ReadonlySet<InputKind>, videos: VideoMode[]): void;
  /** The node has said which seats we play from; there may be fewer than were asked for. */
  seated(): void;
  /** The pad of the player in this place among our seats shakes. */
  rumble(place: number, rumble: Rumble): void;
  /** Others came or went; before there was nothing to compare with, `before` is null. */
  people(before: People | null, now: People): void;
  /** We are something else than we were: host, playing from other seats, or watching. */
  changed(before: Part): void;
  /** What the title lets us choose is another now. */
  settings(): void;
  /** The title has something to say. */
  toast(text: string): void;
  /** Pictures come another way, in another size or in another shape (width by height; null: pixels are square) from now on. */
  announce(mode: VideoMode, width: number, height: number, aspect: number | null): void;
  /** A lossless picture was painted. */
  painted(width: number, height: number): void;
  /** Lossless pictures reached the screen. */
  frames(frames: readonly WatchedFrame[]): void;
  /** A tile of what stands still of the video came; and which of them one of its pictures shows exactly. */
  tile(tile: Tile): void;
  shows(shows: Shows): void;
  video(track: MediaStreamTrack): void;
  sound(track: MediaStreamTrack): void;
  firstFrame(ms: number): void;
  shaky(shaky: boolean): void;
  notice(text: string): void;
  /** A program's pointer, clipboard and the like. */
  desk(message: DeskMessage): void;
  /** How it stands with the microphone. */
  microphone(message: MicrophoneMessage): void;
  ended(reason: EndReason, detail: string | null, said: string | null): void;
  failed(fault: Fault, detail: string | null, status: number | null): void;
}

/** How long a connection may take to open, in ms. */
const OPEN_MS = 8_000;
/** Silence after which the connection counts as lost, and as shaky, in ms. */
const LOST_MS = 5_000;
const SHAKY_MS = 1_500;
/** Silence after which the node is asked whether the session went on in another of its processes, and how often, in ms. */
const MOVED_MS = 600;
const WATCH_MS = 200;
/** How long reconnecting is tried: the grace time a node keeps a session by default, in ms. */
const GRACE_MS = 120_000;
/** How long opening is tried, in ms. */
const PATIENCE_MS = 20_000;
/** How often, and how far apart in ms, the last word of a session that ended is asked for. */
const LAST_WORD_TRIES = 4;
const LAST_WORD_MS = 300;
const DESK: ReadonlySet<string> = new Set<DeskMessage['type']>(['cursor', 'lock', 'clipboard', 'pasted', 'answers']);
const BACKOFF_MS = [0, 500, 1000, 2000, 4000];

export class Play {
  readonly input = new InputState();
  readonly frames = new FrameStats();
  clock = new Clock();
  receipt: Receipt | null = null;
  bitrateBps: number | null = null;
  /** What is sent less of than the title makes, and why. */
  limited: string | null = null;
  /** What video is coded as, for people. */
  codec = 'H.264';
  sessionState: SessionState | null = null;
  ticket: Ticket | null = null;
  firstFrameMs: number | null = null;
  reconnects = 0;
  state: PlayState = 'idle';
  kinds: ReadonlySet<InputKind> = new Set();
  /** Whether keys press the pad's buttons too. */
  keysAsPad = true;
  /** It is a program, with a screen and a clipboard. */
  program = false;
  /** It may hear our microphone, if we may use it. */
  hears = false;
  /** What we may do, as the node told it last. */
  may: readonly Permission[] = [];
  /** How many can play the title, as far as the node told. */
  players = 1;
  /** How many players the node lets this viewer play as. */
  seatsAllowed = 1;
  /** The seats we play from, the first one first; none: we watch. */
  seats: number[] = [];
  /** What we are; null before the node told. */
  role: Role | null = null;
  /** Null before the node told. */
  people: People | null = null;
  /** Our messages so far with something that we may not send. */
  refusals = 0;
  /** The ways of playing the title understands, and those in which its picture can come. */
  understood: InputKind[] = [];
  private videos: VideoMode[] = [];
  /** What the title lets us choose, as the node told it last. */
  settings: Setting[] = [];
  /** The connection measures its path, as video needs. */
  private estimates = true;
  private seatsWanted = 1;
  /** Our microphone is on, and what of it goes to the node. */
  private speaks = false;
  private voice: MediaStreamTrack | null = null;
  /** Asked for, and not answered yet. */
  private seatsAsked = false;
  /** Nobody can see the picture; a hidden page may show it in a window of its own. */
  private hidden = document.hidden;
  /** How often the session had moved to another process of the node when this connection was made. */
  private resumes = 0;
  private asking = false;
  readonly sessions: Sessions;
  private readonly sender: Sender;
  private lossless: Lossless | null = null;
  private link: Link | null = null;
  /** The connection that is to take the place of `link`, until it does. */
  private next: Link | null = null;
  private renewing = false;
  private heardAt = 0;
  private watch: ReturnType<typeof setInterval> | null = null;
  private startedAt = 0;
  private over = false;

  constructor(
    private readonly host: PlayHost,
    origin: string,
    readonly title: string,
    private video: VideoMode,
  ) {
    this.sessions = new Sessions(new Api(origin), title);
    this.sender = new Sender(this.input, () => this.clock, () => this.kinds, {
      waits: () => this.link?.inputWaits ?? false,
      deliver: (bytes, heldUp) => this.link?.sendInput(bytes, heldUp) ?? false,
    });
  }

  /** Starts. `startedAt` is when the person asked for it, in ms of `performance.now()`. */
  async start(startedAt: number): Promise<void> {
    this.startedAt = startedAt;
    if (!canPlay()) return this.fail('unsupported', null);
    const warm = takeWarm();
    this.lossless = warm.lossless;
    this.lossless.listen((message) => this.fromWorker(message));
    this.host.canvas(this.lossless.canvas);
    this.enter('opening');
    await this.keepTrying(PATIENCE_MS, warm.link, async (link) => {
      const entered = await this.sessions.enter(await link.sdp(), this.video);
      this.ticket = entered.ticket;
      this.sessionState = entered.session?.state ?? null;
      this.resumes = entered.resumes;
      this.understand(entered.input, entered.keysAsPad, []);
      if (entered.notice) this.host.notice(entered.notice);
      return entered.answer;
    });
  }

  watchPixel(pixel: { x: number; y: number } | null): void {
    this.lossless?.watch(pixel);
  }

  /** Exact pictures are drawn so many times as large. */
  enlarge(zoom: Zoom): void {
    this.lossless?.enlarge(zoom);
  }

  /** Asks the title for another value of one of its settings. What is chosen is what the node says next. */
  choose(key: string, value: string): void {
    this.tell({ type: 'choose', key, value });
  }

  changed(urgent: boolean): void {
    if (this.state === 'playing') this.sender.changed(urgent);
  }

  say(message: FromViewer): void {
    this.tell(message);
  }

  /** What is said while connections change waits for the new one: the node lets go of the old one first. */
  private tell(message: FromViewer): void {
    (this.next ?? this.link)?.say(message);
  }

  /** Our microphone is on or off, and so much of it goes to the node. */
  speak(on: boolean, voice: MediaStreamTrack | null): void {
    if (on !== this.speaks) this.tell({ type: 'microphone', on });
    if (voice !== this.voice) this.link?.speak(voice);
    [this.speaks, this.voice] = [on, voice];
  }

  typed(text: string): void {
    this.tell({ type: 'text', text });
  }

  visible(visible: boolean): void {
    this.hidden = !visible;
    this.tell({ type: 'visible', visible });
    if (visible) this.heardAt = performance.now();
  }

  /** Asks for as many seats as there are players at this device; a node that gives one only is not asked. */
  needSeats(count: number): void {
    const wanted = Math.min(count, this.seatsAllowed);
    if (this.seatsAllowed === 1 || wanted === this.seatsWanted) return;
    this.seatsWanted = wanted;
    this.askForSeats();
  }

  private askForSeats(): void {
    this.seatsAsked = true;
    this.tell({ type: 'seats', count: this.seatsWanted });
  }

  /** We have no seat, and see only. */
  get watches(): boolean {
    return this.people !== null && this.seats.length === 0;
  }

  setVideo(mode: VideoMode): void {
    this.video = mode;
    this.tell({ type: 'video', mode, carrier: this.lossless?.carrier ?? 'channel' });
  }

  /** Pictures reached the screen. */
  presented(reports: FrameReport[]): void {
    if (this.firstFrameMs === null && reports[0]) {
      this.firstFrameMs = (reports[0].arrivalUs + reports[0].presentUs) / 1000 - this.startedAt;
      this.host.firstFrame(this.firstFrameMs);
    }
    this.frames.add(reports);
    this.sender.report(reports);
  }

  /** Where the time of the session's pictures went; of one that just ended, once its last word is written down. */
  async account(): Promise<SessionReceipt> {
    for (let left = LAST_WORD_TRIES; ; left--) {
      const receipt = await this.sessions.receipt(this.ticket!).catch((error: unknown) => {
        if (left === 0 || !(error instanceof ApiError)) throw error;
        return null;
      });
      if (receipt && (receipt.complete || this.state !== 'ended' || left === 0)) return receipt;
      await pause(LAST_WORD_MS);
    }
  }

  /** Ends the session for everybody, where it is ours; else leaves it. */
  async stop(): Promise<void> {
    const ticket = this.ticket;
    this.close();
    if (ticket) await this.sessions.end(ticket).catch(() => {});
  }

  /** Leaves for good; others who play go on. */
  async leave(): Promise<void> {
    const ticket = this.ticket;
    this.close();
    if (ticket) await this.sessions.leave(ticket).catch(() => {});
  }

  /** Leaves, so that this tab can come back within the grace time. */
  close(): void {
    this.over = true;
    this.quiet();
    this.closeLinks();
    this.lossless?.close();
  }

  /** Tries to get back after reconnecting was given up. */
  reconnect(): void {
    this.over = false;
    void this.comeBack();
  }

  /** Makes connections until one opens. `answerTo` gets the answer for a connection's offer. */
  private async keepTrying(forMs: number, first: Link | null, answerTo: (link: Link) => Promise<string>): Promise<void> {
    const deadline = performance.now() + forMs;
    let reached = false;
    for (let attempt = 0; !this.over; attempt++) {
      await pause(BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)]!);
      if (this.over) return;
      const link = attempt === 0 && first ? first : new Link(this.lossless!);
      try {
        const answer = await answerTo(link);
        reached = true;
        if (await this.open(link, answer)) return;
      } catch (error) {
        link.close();
        if (await this.refused(error)) return;
      }
      if (performance.now() >= deadline) return this.giveUp(reached);
    }
  }

  /** Uses an answered connection; false if it does not open in time. */
  private async open(link: Link, answer: string): Promise<boolean> {
    if (this.over) {
      link.close();
      return true;
    }
    if (link !== this.next) this.use(link);
    const opened = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), OPEN_MS);
      const settle = (open: boolean) => {
        clearTimeout(timer);
        resolve(open);
      };
      link.accept(answer, this.events(link, settle)).catch(() => settle(false));
    });
    if (!opened) link.close();
    return opened;
  }

  private use(link: Link): void {
    this.link = link;
    this.clock = new Clock();
  }

  private events(link: Link, settle: (open: boolean) => void): LinkEvents {
    const ours = () => link === this.link && !this.over;
    /** Before it carries something, the one whose place it takes is used. */
    const carries = () => {
      if (link === this.next) {
        this.next = null;
        this.use(link);
      }
      return ours();
    };
    return {
      open: () => {
        if (carries()) this.opened();
        settle(true);
      },
      control: (message) => carries() && this.hear(message),
      input: (data) => {
        if (!carries()) return;
        this.sender.heard();
        this.hearClock(data);
      },
      video: (track) => this.host.video(track),
      sound: (track) => this.host.sound(track),
      shaky: (shaky) => ours() && this.host.shaky(shaky),
      lost: () => {
        settle(false);
        // While connections change, the old one may go first.
        if (ours() && this.state === 'playing' && !this.renewing) void this.comeBack();
      },
    };
  }

  private opened(): void {
    this.heardAt = performance.now();
    if (this.lossless?.carrier === 'channel' || this.renewing) this.setVideo(this.video);
    if (this.hidden) this.visible(false);
    if (this.speaks) this.link?.say({ type: 'microphone', on: true });
    this.link?.speak(this.voice);
    this.sender.start();
    this.watch ??= setInterval(() => this.checkSilence(), WATCH_MS);
    if (this.state !== 'playing') this.enter('playing');
    this.host.shaky(false);
  }

  /** Changes to a connection that measures its path, which exact pictures do without. What is pressed goes by the old one until the new one carries it. */
  private async renew(): Promise<void> {
    const [old, ticket] = [this.link, this.ticket];
    if (this.renewing || !old || !ticket) return;
    this.renewing = true;
    const link = new Link(this.lossless!);
    let open = false;
    try {
      const { answer, resumes } = await inTime(this.sessions.resume(ticket, await link.sdp(), 'h264'), OPEN_MS);
      this.resumes = resumes;
      if (!this.over) this.next = link;
      open = await this.open(link, answer);
    } catch {
      link.close();
    }
    this.renewing = false;
    old.close();
    // The old one could not have gone on: the lossless decoder listens to the newest connection only.
    if (!open && !this.over) void this.comeBack();
  }

  /** The connection is gone, the session perhaps not. */
  private async comeBack(): Promise<void> {
    const ticket = this.ticket;
    if (!ticket) return;
    this.quiet();
    this.closeLinks();
    this.enter('reconnecting');
    this.reconnects += 1;
    await this.keepTrying(GRACE_MS, null, async (link) => {
      const { answer, resumes } = await this.sessions.resume(ticket, await link.sdp(), this.video);
      this.resumes = resumes;
      return answer;
    });
  }

  /** Whether an error ends the attempts; it is told then. */
  private async refused(error: unknown): Promise<boolean> {
    if (error instanceof Unreachable) return false;
    if (!(error instanceof ApiError)) throw error;
    if (this.state === 'reconnecting' && error.gone) await this.hasEnded(error);
    else if (error.status === 401) this.fail('signIn', null, 401);
    // It is on its way to another process of the node.
    else if (this.state === 'reconnecting' && error.reason === 'placementTimeout') return false;
    else if (error.reason) this.end(error.reason, error.detail);
    else if (error.status === 404) this.fail('unknownTitle', null, 404);
    else if (this.state === 'reconnecting' && (error.status >= 500 || error.status === 429)) return false;
    else this.fail('refused', error.detail, error.status);
    return true;
  }

  private async hasEnded(error: ApiError): Promise<void> {
    const session = this.ticket && (await this.sessions.state(this.ticket).catch(() => null));
    this.end(session?.reason ?? error.reason ?? 'reconnectionTimeout', session?.detail ?? null);
  }

  private giveUp(reached: boolean): void {
    if (this.state === 'reconnecting') this.fail('lost', null);
    else this.fail(reached ? 'blocked' : 'unreachable', null);
  }

  private hear(message: ToViewer): void {
    this.heardAt = performance.now();
    switch (message.type) {
      case 'hello':
        this.seats = message.slot === null ? [] : [message.slot];
        this.estimates = message.estimates;
        this.program = message.program ?? false;
        this.hears = message.microphone ?? false;
        this.takeSeats(message.seats ?? 1);
        this.videos = message.videos;
        // Who watches has nothing to say to the title, whatever it understands.
        this.understood = message.input;
        this.understand(message.slot === null ? [] : message.input, message.keys_as_pad, message.videos);
        if (message.video !== 'auto') this.host.announce(message.video, 0, 0, null);
        return this.changed(true);
      case 'you':
        return this.hearYou(message.role, message.slots, message.players, message.may);
      case 'video':
        if (message.mode === 'h264' && !this.estimates) void this.renew();
        this.codec = message.codec === 'av1' ? 'AV1' : 'H.264';
        return this.host.announce(message.mode, message.width, message.height, message.aspect ?? null);
      case 'quality':
        this.limited = message.limited ?? null;
        return;
      case 'settings':
        return this.takeSettings(message.settings);
      case 'notice':
        return this.host.toast(message.text);
      case 'seats':
        this.seats = message.seats;
        this.seatsAsked = false;
        this.input.seats = Math.max(1, Math.min(MOST_SEATS, message.seats.length));
        return this.host.seated();
      case 'rumble':
        return this.host.rumble(message.place, message);
      case 'people':
        return this.hearPeople({ ...message, list: message.list ?? [] });
      case 'microphone':
        return this.host.microphone(message);
      case 'noPicture':
        return this.fail('noPicture', message.detail);
      case 'state':
        this.sessionState = message.state;
        return this.host.state(this.state);
      case 'stats':
        this.receipt = message.receipt;
        this.bitrateBps = message.bitrate_bps;
        this.refusals = message.refused ?? 0;
        return;
      case 'end':
        return this.end(message.reason, message.detail, message.said);
      default:
        // A node that is newer than this page may say more.
        if (DESK.has(message.type)) this.host.desk(message);
    }
  }

  /** What of our input reaches the title: the answer to our offer says so, and `hello` again, whose channel may open late. */
  private understand(input: InputKind[], keysAsPad: boolean, videos: VideoMode[]): void {
    this.kinds = new Set(input);
    this.keysAsPad = keysAsPad;
    this.host.hello(this.kinds, videos);
  }

  private takeSettings(settings: Setting[]): void {
    this.settings = settings;
    this.host.settings();
  }

  private hearYou(role: Role, slots: number[], players: number, may: Permission[]): void {
    const before: Part | null = this.role && { role: this.role, seats: this.seats };
    [this.role, this.seats, this.players] = [role, slots, players];
    this.may = slots.length > 0 ? may : [];
    const kinds = allowedOf(this.understood, this.may);
    const same = kinds.size === this.kinds.size && [...kinds].every((kind) => this.kinds.has(kind));
    this.kinds = kinds;
    if (this.ticket && this.ticket.role !== role) this.sessions.keep((this.ticket = { ...this.ticket, role }));
    const allowed = slots.length > 0 ? players : 1;
    if (allowed !== this.seatsAllowed) this.takeSeats(allowed);
    else this.input.seats = Math.max(1, slots.length);
    if (!may.includes('settings') && this.settings.length > 0) this.takeSettings([]);
    if (!same || this.program) this.host.hello(kinds, this.videos);
    if (before) this.host.changed(before);
    this.changed(true);
  }

  private hearPeople({ seats, away, watching, list }: People): void {
    const before = this.people;
    this.people = { seats, away, watching, list };
    this.host.people(before, this.people);
    // A seat that got free is for the gamepad that waits for one.
    if (!this.seatsAsked && this.seats.length > 0 && this.seats.length < this.seatsWanted && seats.length < this.seatsAllowed) this.askForSeats();
  }

  /** A new connection begins with one seat; more are asked for again. */
  private takeSeats(allowed: number): void {
    const wanted = this.seatsWanted;
    this.seatsAllowed = Math.max(1, Math.min(MOST_SEATS, allowed));
    this.input.seats = this.seatsWanted = 1;
    this.needSeats(wanted);
  }

  private hearClock(data: ArrayBuffer): void {
    this.heardAt = performance.now();
    const message = readClock(data);
    if (message) this.clock.hear(message, nowUs());
  }

  private fromWorker(message: FromWorker): void {
    this.heardAt = performance.now();
    if (message.type === 'clock') return this.hearClock(message.data);
    if (message.type === 'frames') {
      this.host.frames(message.frames);
      return this.presented(message.frames);
    }
    if (message.type === 'tile') return this.host.tile(message.tile);
    if (message.type === 'shows') return this.host.shows(message.shows);
    if (message.painted) this.host.painted(message.width, message.height);
    this.sender.acknowledge(message.acks, message.picture, message.count, message.whole);
  }

  private checkSilence(): void {
    const silence = performance.now() - this.heardAt;
    if (this.state !== 'playing' || this.hidden || this.renewing) return;
    if (silence > LOST_MS) return void this.comeBack();
    if (silence > MOVED_MS) void this.askWhetherMoved();
    this.host.shaky(silence > SHAKY_MS);
  }

  /** A session that went on in another process is reached over a new connection only: nothing more comes over this one. */
  private async askWhetherMoved(): Promise<void> {
    const { ticket, link } = this;
    if (this.asking || !ticket) return;
    this.asking = true;
    const session = await this.sessions.state(ticket).catch(() => null);
    this.asking = false;
    if (!session || link !== this.link || this.state !== 'playing' || this.renewing) return;
    if (session.resumes !== this.resumes || session.ended_ms !== null) void this.comeBack();
  }

  private end(reason: EndReason, detail: string | null, said: string | null = null): void {
    // Where only the seat or the room was missing, the session goes on, and we may come back.
    if (reason !== 'seatTaken' && reason !== 'limitReached') this.sessions.forget();
    this.sessionState = 'terminated';
    this.finish('ended');
    this.host.ended(reason, detail, said);
  }

  private fail(fault: Fault, detail: string | null, status: number | null = null): void {
    this.finish('failed');
    this.host.failed(fault, detail, status);
  }

  private finish(state: PlayState): void {
    this.over = true;
    this.quiet();
    this.closeLinks();
    this.enter(state);
  }

  private closeLinks(): void {
    for (const link of [this.link, this.next]) link?.close();
    this.link = this.next = null;
  }

  private quiet(): void {
    this.sender.stop();
    if (this.watch !== null) clearInterval(this.watch);
    this.watch = null;
  }

  private enter(state: PlayState): void {
    this.state = state;
    this.host.state(state);
  }
}

/** Of the ways of playing a title understands, those that we may use. */
function allowedOf(understood: readonly InputKind[], may: readonly Permission[]): Set<InputKind> {
  const needs: Record<InputKind, Permission> = { pad: 'play', keys: 'keyboard', text: 'keyboard', mouse: 'pointer', motion: 'pointer', touch: 'pointer' };
  return new Set(understood.filter((kind) => may.includes(needs[kind])));
}

/** What is promised, if it comes within so many ms. */
function inTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing came in ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Waits; a network that comes back cuts the waiting short. */
function pause(ms: number): Promise<void> {
  if (ms === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
  });
}
