// The shapes of `/api/v1` and of the `control` channel, as crates/playfield-core/src/{api,signal}.rs define them.
//
// Types only: nothing here is left in a bundle, so the player and the catalogue can share it and stay apart.

export type InputKind = 'pad' | 'keys' | 'mouse' | 'motion' | 'touch' | 'text';
export type Badge = 'deterministic' | 'snapshots' | 'lossless';
export type VideoMode = 'auto' | 'lossless' | 'h264';

export interface Title {
  id: string;
  name: string;
  version: string;
  summary: string;
  authors: string[];
  licence: string | null;
  tags: string[];
  /** Whether the shelf shows it. */
  listed: boolean;
  players: { min: number; max: number };
  input: InputKind[];
  badges: Badge[];
  /** The pictures it begins with, if that is known. */
  picture: { width: number; height: number; format: 'indexed8' | 'rgb565' | 'rgba8' } | null;
  cover: string;
  problem: string | null;
}

export type SessionState =
  | 'activating'
  | 'active'
  | 'connected'
  | 'pendingReconnection'
  | 'terminating'
  | 'terminated'
  | 'error';

export type EndReason =
  | 'applicationExit'
  | 'apiTerminated'
  | 'connectionTimeout'
  | 'reconnectionTimeout'
  | 'idleTimeout'
  | 'maxSessionLengthTimeout'
  | 'placementTimeout'
  | 'invalidSignalRequest'
  | 'guestTrap'
  | 'guestHung'
  | 'outOfMemory'
  | 'badModule'
  | 'kicked'
  | 'inviteExpired'
  | 'limitReached'
  | 'seatTaken'
  | 'nodeStopping'
  | 'internalError';

export interface Session {
  id: string;
  title: string;
  state: SessionState;
  reason: EndReason | null;
  detail: string | null;
  /** How often it went on in another process of the node, the one it ran in having been lost. */
  resumes: number;
  created_ms: number;
  ended_ms: number | null;
  /** Address of its receipt, while there is one. */
  receipt?: string | null;
}

export type Role = 'host' | 'player' | 'spectator';

/** What a viewer may do. */
export type Permission = 'play' | 'keyboard' | 'pointer' | 'settings' | 'clipboard' | 'microphone' | 'states';

/** Somebody in a session. Names are foreign text of one line. */
export interface Participant {
  id: string;
  name: string;
  role: Role;
  /** From 0, their own one first. */
  seats: number[];
  away: boolean;
  /** These the host is told only. */
  may?: Permission[];
  link?: 'good' | 'fair' | 'poor';
  expires_ms?: number;
}

export interface ChangeViewer {
  role?: Role;
  slot?: number;
  may?: Permission[];
  name?: string;
}

export interface Viewer {
  id: string;
  token: string;
  role: Role;
  slot: number | null;
}

export interface CreateSession {
  title: string;
  offer?: string;
  profile?: string;
  video?: VideoMode;
}

export interface CreatedSession {
  session: Session;
  viewer: Viewer;
  answer: string | null;
  /** What the title understands, so that nobody need wait for `hello`. */
  input: InputKind[];
  keys_as_pad: boolean;
}

export interface Connected {
  answer: string;
  resumes: number;
  input: InputKind[];
  keys_as_pad: boolean;
}

/** A link into a session, without its secret. */
export interface Invite {
  id: string;
  role: Role;
  /** Null for a player: any that is free. */
  slot: number | null;
  /** Null: as long as the session. */
  expires_ms: number | null;
  /** How many it lets in; null: any number. */
  uses: number | null;
  used: number;
}

export interface CreateInvite {
  role: 'player' | 'spectator';
  slot?: number;
  /** 0: as long as the session. */
  expires_s?: number;
  uses?: number;
}

export interface CreatedInvite {
  invite: Invite;
  token: string;
  /** Where it leads, on the server: `/join#TOKEN`. */
  path: string;
}

/** What a link leads to. */
export interface Invitation {
  invite: Invite;
  session: string;
  title: string;
  name: string;
  /** Somebody plays from its seat, or from every seat. */
  taken: boolean;
}

export interface Joined {
  session: Session;
  viewer: Viewer;
}

export interface Stage {
  name: string;
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
  max_ms: number;
}

export interface Receipt {
  pictures: number;
  stages: Stage[];
  /** All that the node does: from the input a picture takes to its last packet. */
  node?: Stage | null;
  clock_error_ms: number | null;
  verdict: string;
}

/** How long a stage took, in microseconds. */
export interface StageHistogram {
  name: string;
  count: number;
  sum_us: number;
  min_us: number;
  max_us: number;
  /** From, below, how many; shortest first, empty ones left out. */
  buckets: [number, number, number][];
}

/** A receipt and all it was read from. */
export interface Account extends Receipt {
  counts: Record<string, number>;
  histograms: StageHistogram[];
  without_input: { pictures: number; sum_us: number };
}

export interface SessionReceipt extends Account {
  session: string;
  title: string;
  created_ms: number;
  ended_ms: number | null;
  complete: boolean;
  parts: number;
  viewers: (Account & { viewer: string | null; slot: number | null })[];
}

/** The states that were saved of a session's title. */
export interface SavedStates {
  /** Why there can be none here. */
  cannot?: string;
  /** Slots there are, from 0; 0 is for the quick keys. */
  slots: number;
  states: SavedState[];
}

export interface SavedState {
  slot: number;
  saved_ms: number;
  tick: number;
  played_ms: number;
  bytes: number;
  /** A small PNG, in base 64; empty where there is none. */
  picture: string;
  /** Why it cannot be loaded. */
  unfit?: string;
}

/** An error as `application/problem+json` (RFC 9457). */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  reason?: EndReason;
}

/** One thing that a title lets people choose. Labels come from foreign code: text, of any length. */
export interface Setting {
  key: string;
  label: string;
  info?: string;
  group?: string;
  choices: { value: string; label: string }[];
  value: string;
}

export type FromViewer =
  | { type: 'text'; text: string }
  | { type: 'video'; mode: VideoMode; carrier: 'track' | 'channel' }
  | { type: 'visible'; visible: boolean }
  /** The viewer has pads for so many players; only where `hello` allows more than one. */
  | { type: 'seats'; count: number }
  /** The title is to have another value of one of its settings. */
  | { type: 'choose'; key: string; value: string }
  /** The room we have for the picture, in pixels: a program's screen takes it, if we are the host. */
  | { type: 'resize'; width: number; height: number }
  /** What is pasted into a program, in pieces; answered by `pasted`. */
  | { type: 'clipboard'; text: string; more: boolean }
  /** Our microphone is on, or off; what is heard then `microphone` says. */
  | { type: 'microphone'; on: boolean };

export type ToViewer =
  | {
      type: 'hello';
      slot: number | null;
      tick_hz: number;
      video: VideoMode;
      videos: VideoMode[];
      input: InputKind[];
      keys_as_pad: boolean;
      estimates: boolean;
      /** It is a program: it has a screen that follows `resize`, and a clipboard, and says when it wants the pointer locked. */
      program?: boolean;
      /** It may hear the microphone of those who may. */
      microphone?: boolean;
      /** How many players this viewer may play as; one where it is not said. */
      seats?: number;
    }
  /** What this viewer is now and may do, in place of what `hello` said; `players` can play. */
  | { type: 'you'; role: Role; slots: number[]; players: number; may: Permission[] }
  /** The seats this viewer plays from now, the first one first. */
  | { type: 'seats'; seats: number[] }
  /** The pad of the player in this place among our seats shakes, in place of what it did. Strengths 0 to 255. */
  | { type: 'rumble'; place: number; strong: number; weak: number; ms: number }
  /** Who is in the session: seats that are taken, those of them whose players are away, and how many watch. */
  | { type: 'people'; seats: number[]; away: number[]; watching: number; list?: Participant[] }
  /** `aspect`: width by height as the picture is to be seen; pixels are square where it is not said. `codec`: of video, where it is not H.264. */
  | { type: 'video'; mode: VideoMode; width: number; height: number; aspect?: number; codec?: 'av1' }
  /** Pictures are smaller, or fewer, than the title makes them, and why; nothing said: all of it is sent. */
  | { type: 'quality'; limited?: string }
  /** All that the title lets those choose who may, in place of what was said before. */
  | { type: 'settings'; settings: Setting[] }
  /** The title has something to say to its players. */
  | { type: 'notice'; text: string }
  | { type: 'noPicture'; detail: string }
  | { type: 'state'; state: SessionState }
  /** `refused`: our messages so far with something that we may not send. */
  | { type: 'stats'; receipt: Receipt; bitrate_bps: number; refused?: number }
  /** The pointer looks like this: by its name in CSS, or its image in pixels of the picture, a PNG in base 64. */
  | { type: 'cursor'; name: string; image?: { png: string; x: number; y: number } }
  | { type: 'lock'; wanted: boolean }
  /** What was copied in the program, in pieces. */
  | { type: 'clipboard'; text: string; more?: boolean }
  | { type: 'pasted' }
  /** The program records, or not; it hears us then, or the one of that name, or nobody. */
  | { type: 'microphone'; records: boolean; yours: boolean; whose?: string }
  /** The program does not answer, or does again. */
  | { type: 'answers'; answers: boolean }
  /** `said`: the last lines of a program that ended by a fault, for the host. */
  | { type: 'end'; reason: EndReason; detail: string; said?: string };

// Cameras: crates/playfield-core/src/{metadata,analytics,camera}.rs. Places are fractions of the picture.

export type DeviceState = 'starting' | 'online' | 'broken' | 'offline';

export interface Place {
  x: number;
  y: number;
}

export interface CameraObject {
  class: number;
  score: number;
  box: { left: number; top: number; right: number; bottom: number };
  track?: number;
}

export interface CameraEvent {
  time_ms: number;
  event: 'cross' | 'enter' | 'leave' | 'dwell' | 'crowd' | 'absent' | 'speed' | 'count' | 'route' | 'gap' | 'app';
  app?: string;
  value?: Record<string, unknown>;
  line?: string;
  zone?: string;
  direction?: 'in' | 'out';
  seconds?: number;
  vanished?: boolean;
  begins?: boolean;
  count?: number;
  from?: string;
  to?: string;
  thing?: { track: number; class: number; at: Place; zones: string[]; moves: boolean; speed_mps?: number };
}

export interface CameraSeen {
  frame: number;
  time_ms: number;
  objects?: CameraObject[];
  events?: CameraEvent[];
}

export interface ClassCount {
  class: number;
  count: number;
}

export interface CameraCounts {
  zones: { name: string; now: ClassCount[]; in: ClassCount[]; out: ClassCount[]; stayed_ms: number }[];
  lines: { name: string; in: ClassCount[]; out: ClassCount[] }[];
  routes: { from: string; to: string; count: ClassCount[] }[];
}

/** How the edge app of a camera does. */
export interface CameraApp {
  app: string;
  version: string;
  /** `playfield` or `aitrios`. */
  dialect: string;
  state: 'starting' | 'running' | 'waiting' | 'refused' | 'done';
  detail?: string;
  restarts: number;
  bytes: number;
}

/** What an edge app said of a picture: fields that it declared. */
export interface Emitted {
  app: string;
  time_ms: number;
  value: Record<string, unknown>;
}

/** Where a camera's pictures come from. A password in a URL is told as `***`. */
export type CameraSource =
  | { kind: 'scene'; seed?: number }
  | { kind: 'folder' | 'file' | 'tensors'; path: string; once?: boolean }
  | { kind: 'rtsp'; url: string }
  | { kind: 'v4l2'; device: string }
  | { kind: 'browser' };

export interface CameraHeat {
  columns: number;
  rows: number;
  seconds: number[];
}

/** A model beside a camera's own, on the same pictures. */
export interface CameraShadow {
  model: string;
  pictures: number;
  both: number;
  differ: number;
  own: number;
  shadow: number;
  inference_us: number;
  trouble?: string;
}

export interface CameraHealth {
  shadow?: CameraShadow;
  pictures: number;
  dropped: number;
  fps: number;
  size: [number, number];
  pipeline_us: number;
  inference_us: number;
  bytes: number;
  model: string;
  labels: string[];
  trouble?: string;
}

export interface Line {
  name: string;
  from: [number, number];
  to: [number, number];
}

export interface Zone {
  name: string;
  points: [number, number][];
}

export interface Device {
  id: string;
  name: string;
  state: DeviceState;
  detail?: string;
  version: number;
  running?: number;
  created_ms: number;
  heard_ms?: number;
  health?: CameraHealth;
  machine?: { version: string; arch: string; celsius?: number; free_bytes?: number; waiting: number; dropped: number };
  trouble?: string;
  tags: string[];
  desired: { source: CameraSource; hz: number; model: string | null; shadow?: string | null; app?: string | null; watch: { line: Line[]; zone: Zone[]; [key: string]: unknown } };
}

/** A link by which a browser is a camera. */
export interface CameraLink {
  id: string;
  client: string;
  created_ms: number;
  expires_ms: number | null;
  ended_ms?: number;
  used_ms?: number;
  used_by?: string;
}

/** One that was made just now. */
export interface CreatedCameraLink {
  link: CameraLink;
  token: string;
  path: string;
}

/** What such a link is for. */
export interface CameraInvitation {
  name: string;
  hz: number;
  expires_ms: number | null;
  ready: boolean;
  /** Somebody has leave to see the picture. */
  seen?: { expires_ms: number; reason: string };
}

/** A code that lets one machine with a camera in. */
export interface Enrolment {
  code: string;
  address: string;
  expires_ms: number;
}

/** A name that cameras follow, and which release of a model or app it means. */
export interface Channel {
  kind: 'model' | 'app';
  name: string;
  channel: string;
  release: string;
  rollout?: { to: string; steps: number[]; step: number; hold_s: number; began_ms: number };
  last?: { to: string; at_ms: number; back?: string };
}

/** A model or an app that cameras may have. */
export interface Release {
  kind: 'model' | 'app';
  name: string;
  title: string;
  version: string;
  summary: string;
  labels: string[];
  bytes: number;
  sent: boolean;
  cameras: number;
  detail?: string;
}

/** How it went with each of many cameras. */
export interface ChangedDevices {
  devices: { id: string; detail?: string }[];
}

/** Leave to see what a camera sees. */
export interface Grant {
  id: string;
  reason: string;
  client: string;
  created_ms: number;
  expires_ms: number;
  ended_ms?: number;
}

/** Pictures of a camera that are kept, with what was found in them, and files that its app uploads. */
export interface Dataset {
  /** By what leave. Its id is the dataset's. */
  grant: Grant;
  /** 0: no pictures. */
  every_ms: number;
  pictures: number;
  /** Files that its app uploads are kept. */
  uploads: boolean;
  files: number;
  bytes: number;
  /** More is being added. */
  open: boolean;
}

export interface Granted {
  grant: Grant;
  session: Session;
  viewer: Viewer;
}

export interface DeviceCounts {
  from: number;
  to: number;
  counts: { what: string; minute: number; count: number }[];
}

export type RuleKind = CameraEvent['event'] | 'present';

/** What must happen before a camera. */
export interface When {
  event: RuleKind;
  place?: string;
  classes?: (string | number)[];
  direction?: 'in' | 'out';
  begins?: boolean;
  at_least?: number;
  times?: number;
  within_s?: number;
}

export interface Schedule {
  days?: string[];
  from: string;
  to: string;
  utc_offset: string;
}

interface Seat {
  title?: string;
  session?: string;
  player?: number;
}

export type RuleAction =
  | { do: 'webhook'; url: string }
  | { do: 'mqtt'; topic?: string; retain?: boolean }
  | { do: 'mail'; to: string[]; subject?: string }
  | ({ do: 'input'; button?: string; axis?: string; value?: number; hold_ms: number } & Seat)
  | ({ do: 'steer'; along?: 'x' | 'y'; mirror?: boolean; axis?: string; buttons?: [string, string] } & Seat);

export interface Rule {
  name: string;
  enabled?: boolean;
  devices: string[];
  when: When;
  during?: Schedule;
  cool_down_s: number;
  actions: RuleAction[];
}

export interface KnownRule extends Rule {
  id: string;
  version: number;
  created_ms: number;
  changed_ms: number;
  secret: string;
}

/** Something that a rule does, and what became of it. */
export interface Delivery {
  id: string;
  number: number;
  rule: string;
  device?: string;
  action: RuleAction;
  state: 'waiting' | 'done' | 'givenUp';
  tries: number;
  detail?: string;
  created_ms: number;
  next_ms?: number;
  ended_ms?: number;
}
