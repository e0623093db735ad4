// What the menu and its pages show, and what they can do. The player fills this in; the pages know nothing of it but this.

import type { ChangeViewer, CreatedInvite, CreateInvite, InputKind, Invite, SavedStates, SessionReceipt, Setting, VideoMode } from '../../api';
import type { Pixels, Scale } from '../fit';
import type { Bindings } from '../input/bindings';
import type { PadInfo } from '../input/desk';
import type { People } from '../play';
import type { Settings } from '../settings';
import type { TouchLayout } from '../touchlayout';

export interface MenuModel {
  name: string;
  /** The title's id, which its own keys are kept under. */
  title: string;
  muted: boolean;
  volume: number;
  quietHidden: boolean;
  video: VideoMode;
  videos: VideoMode[];
  scale: Scale;
  pixels: Pixels;
  stats: boolean;
  /** Whether the microphone is on; null where there is none to turn on. */
  microphone: boolean | null;
  /** The title hears a microphone. */
  hears: boolean;
  fullscreen: boolean;
  /** Whether the picture is in a window of its own; null where that cannot be. */
  pip: boolean | null;
  /** Whether controls lie on the screen; null where they are of no use, or there is no touch screen. */
  touchControls: boolean | null;
  /** What fingers do on the picture. */
  touchPicture: TouchLayout['picture'];
  /** The ways of playing that are open to us, and all that the title understands. */
  kinds: ReadonlySet<InputKind>;
  understood: readonly InputKind[];
  keysAsPad: boolean;
  bindings: Bindings;
  /** Titles may shake gamepads. */
  rumble: boolean;
  pads: PadInfo[];
  players: number;
  /** The seats this device plays from, the first one first. */
  seats: number[];
  /** We have no seat. */
  watching: boolean;
  /** Our own id in the session. */
  me: string | null;
  /** The session is ours: we invite, change and remove people. */
  host: boolean;
  /** Seats that nobody has. */
  freeSeats: number[];
  /** Others who are here; null before the node told. */
  people: People | null;
  /** Leaving ends the session. */
  alone: boolean;
  canLeave: boolean;
  /** What the title lets us choose; empty for who may not. */
  settings: readonly Setting[];
  /** We may save and load states. */
  states: boolean;
}

export interface MenuActions {
  resume(): void;
  mute(muted: boolean): void;
  volume(volume: number): void;
  quietHidden(quiet: boolean): void;
  video(mode: VideoMode): void;
  scale(scale: Scale): void;
  pixels(pixels: Pixels): void;
  stats(): void;
  microphone(): void;
  fullscreen(): void;
  pip(): void;
  touchControls(): void;
  /** Keeps settings about touch and uses them. */
  touch(change: Partial<Settings>): void;
  rumble(on: boolean): void;
  givePad(index: number, player: number | null): void;
  /** Keys or buttons were changed. */
  rebound(): void;
  /** The next button of a gamepad goes to `heard` alone; null ends that. */
  listenPad(heard: ((button: number) => void) | null): void;
  /** Asks the title for another value of one of its settings. */
  choose(key: string, value: string): void;
  share(): Promise<string>;
  /** Makes a link. */
  invite(wanted: CreateInvite): Promise<CreatedInvite>;
  invites(): Promise<Invite[]>;
  takeBack(invite: string): Promise<void>;
  changePerson(id: string, change: ChangeViewer): Promise<void>;
  removePerson(id: string): Promise<void>;
  /** Ourselves. */
  rename(name: string): Promise<void>;
  states(): Promise<SavedStates>;
  saveState(slot: number): Promise<unknown>;
  loadState(slot: number): Promise<void>;
  deleteState(slot: number): Promise<void>;
  restart(): void;
  leave(): void;
  /** Asks where the time went; null while nothing was shown. */
  account(): (() => Promise<SessionReceipt>) | null;
}
