// The menu of one player: what it shows and does, taken from the player's own properties and from what only it knows.

import type { SessionReceipt, VideoMode } from '../../api';
import type { Controls } from '../controls';
import type { PlayfieldPlayer } from '../element';
import { Bindings } from '../input/bindings';
import type { Play } from '../play';
import { keepSettings, settings } from '../settings';
import { share } from '../share';
import type { Sheet } from '../sheet';
import { keepName, type Ticket } from '../storage';
import type { Windows } from '../windows';
import { Menus } from './menus';
import type { MenuActions, MenuModel } from './model';

/** What the menu needs beside what any page can see of the player. */
export interface MenuHost {
  run(): Play | null;
  controls(): Controls | null;
  videos(): VideoMode[];
  name(): string;
  title(): string;
  /** The title's address, to hand on. */
  address(): string;
  stats(): boolean;
  microphone(): boolean | null;
  showStats(on: boolean): void;
  close(then?: () => void): void;
  restart(): void;
  leave(): void;
  account(): (() => Promise<SessionReceipt>) | null;
}

export function menusOf(player: PlayfieldPlayer, sheet: Sheet, windows: Windows, host: MenuHost): Menus {
  return new Menus(sheet, () => modelOf(player, windows, host), actionsOf(player, windows, host));
}

function modelOf(player: PlayfieldPlayer, windows: Windows, host: MenuHost): MenuModel {
  const [run, controls] = [host.run(), host.controls()];
  const fingers = navigator.maxTouchPoints > 0;
  return {
    name: host.name(),
    title: host.title(),
    muted: player.muted,
    volume: player.volume,
    quietHidden: player.muteHidden,
    video: player.video,
    videos: host.videos(),
    scale: player.scale,
    pixels: player.pixels,
    stats: host.stats(),
    microphone: host.microphone(),
    hears: run?.hears ?? false,
    fullscreen: windows.full,
    pip: windows.small,
    touchControls: fingers ? (controls?.touch.shown ?? null) : null,
    touchPicture: fingers ? (controls?.touch.picture ?? null) : null,
    kinds: run?.kinds ?? new Set(),
    understood: run?.understood ?? [],
    keysAsPad: run?.keysAsPad ?? true,
    bindings: controls?.bindings ?? new Bindings(),
    rumble: settings().rumble,
    pads: player.pads,
    players: run?.players ?? 1,
    seats: run?.seats ?? [],
    watching: run?.watches ?? false,
    me: run?.ticket?.viewer ?? null,
    host: (run?.role ?? run?.ticket?.role) === 'host',
    freeSeats: freeSeats(run),
    people: run?.people ?? null,
    alone: run?.people?.seats.every((seat) => run.seats.includes(seat)) ?? true,
    canLeave: player.hasAttribute('home'),
    settings: run?.settings ?? [],
    states: run?.may.includes('states') ?? false,
  };
}

function freeSeats(run: Play | null): number[] {
  const taken = run?.people?.seats ?? [];
  return Array.from({ length: run?.players ?? 1 }, (_, seat) => seat).filter((seat) => !taken.includes(seat));
}

async function withRun<T>(host: MenuHost, work: (run: Play, ticket: Ticket) => Promise<T>): Promise<T> {
  const run = host.run();
  if (!run?.ticket) throw new Error('There is no session yet.');
  return work(run, run.ticket);
}

function actionsOf(player: PlayfieldPlayer, windows: Windows, host: MenuHost): MenuActions {
  return {
    resume: () => host.close(),
    mute: (muted) => (player.muted = muted),
    volume: (volume) => (player.volume = volume),
    quietHidden: (quiet) => (player.muteHidden = quiet),
    video: (video) => keepSettings({ video: (player.video = video) }),
    scale: (scale) => keepSettings({ scale: (player.scale = scale) }),
    pixels: (pixels) => keepSettings({ pixels: (player.pixels = pixels) }),
    stats: () => host.close(() => host.showStats(!host.stats())),
    microphone: () => host.close(() => (player.microphone = !player.microphone)),
    fullscreen: () => host.close(() => windows.toggleFull(host.run()?.kinds.has('keys') ?? false)),
    pip: () => host.close(() => void player.togglePip()),
    touchControls: () => host.close(() => host.controls()?.touch.toggle()),
    touch: (change) => {
      keepSettings(change);
      host.controls()?.touch.arrange();
    },
    rumble: (rumble) => keepSettings({ rumble }),
    givePad: (index, seat) => player.givePad(index, seat),
    rebound: () => host.controls()?.rebind(),
    // Not while the pads are being read: the press must be over for the menu before it counts.
    listenPad: (heard) => host.controls()?.gamepads.listen(heard && ((button) => setTimeout(() => heard(button)))),
    choose: (key, value) => host.run()?.choose(key, value),
    share: () => share(host.name(), host.address()),
    invite: (wanted) => withRun(host, (run, ticket) => run.sessions.invite(ticket, wanted)),
    invites: () => withRun(host, (run, ticket) => run.sessions.invites(ticket)),
    takeBack: (invite) => withRun(host, (run, ticket) => run.sessions.takeBack(ticket, invite)),
    changePerson: (id, change) => withRun(host, (run, ticket) => run.sessions.change(ticket, id, change)),
    removePerson: (id) => withRun(host, (run, ticket) => run.sessions.remove(ticket, id)),
    rename: (name) =>
      withRun(host, async (run, ticket) => {
        await run.sessions.change(ticket, ticket.viewer, { name });
        keepName(name);
      }),
    states: () => player.states(),
    saveState: (slot) => player.saveState(slot),
    loadState: (slot) => player.loadState(slot),
    deleteState: (slot) => player.deleteState(slot),
    restart: () => host.restart(),
    leave: () => host.close(() => host.leave()),
    account: () => host.account(),
  };
}
