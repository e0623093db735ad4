// A browser as a camera: its picture, taken and sent by WHIP (RFC 9725) for as long as somebody wants it to be.
//
//   idle --start--> asking --yes--> connecting --up--> live
//                     |                ^  |             |  cut, or the camera begins anew
//                     no               |  '------.      |
//                     v                |         v      v
//                   ended <--stop,----- waiting: a second, then two, up to fifteen
//                           another browser is it now, the link is over
//
// The offer leaves without candidates: the server is ICE-lite and learns our address from our checks.

import type { CameraInvitation, ProblemBody, ToViewer } from '../api';
import { isFinal, obstacle, patience, preferred, refusal, wanted } from './words';

export type Phase = 'idle' | 'asking' | 'connecting' | 'live' | 'waiting' | 'ended';
export type Facing = 'environment' | 'user';

/** Bits a second at most: plenty for what is looked at. */
const MOST_BPS = 1_500_000;
/** How long a connection may take to come up, and may stutter, in ms. */
const COMES_UP = 15_000;
const STUTTERS = 4_000;
/** How often it is asked what the server says of the link, and measured what goes out, in ms. */
const LOOKS = 4_000;
const MEASURES = 1_000;

/** The server said no. */
class Refused extends Error {
  constructor(
    readonly status: number,
    sentence: string,
  ) {
    super(sentence);
  }
}

export class Sender {
  phase = $state<Phase>('idle');
  /** Why it is not live, in a sentence. */
  why = $state('');
  /** The link itself is of no use. */
  lost = $state(false);
  invitation = $state<CameraInvitation | null>(null);
  stream = $state<MediaStream | null>(null);
  facing = $state<Facing>('environment');
  /** Whether there is another camera to turn to. */
  several = $state(false);
  sent = $state<{ fps: number; bps: number; width: number; height: number } | null>(null);

  private pc: RTCPeerConnection | null = null;
  private place: string | null = null;
  private tries = 0;
  private lock: WakeLockSentinel | null = null;
  private timers: Partial<Record<'again' | 'up' | 'stutter', ReturnType<typeof setTimeout>>> = {};
  private readonly clocks: ReturnType<typeof setInterval>[];
  private before: { bytes: number; at: number } | null = null;

  constructor(private readonly token: string) {
    this.clocks = [setInterval(() => void this.look(), LOOKS), setInterval(() => void this.measure(), MEASURES)];
    addEventListener('visibilitychange', this.shown);
    addEventListener('pagehide', this.leave);
    addEventListener('online', this.hasten);
    void this.look();
  }

  /** What keeps this browser from being a camera at all. */
  get obstacle(): string | null {
    const webrtc = 'RTCPeerConnection' in window && 'getCapabilities' in RTCRtpSender;
    return obstacle({
      secure: isSecureContext,
      devices: Boolean(navigator.mediaDevices?.getUserMedia),
      webrtc,
      codecs: webrtc ? (RTCRtpSender.getCapabilities('video')?.codecs ?? []) : [],
    });
  }

  get runs(): boolean {
    return this.phase !== 'idle' && this.phase !== 'ended';
  }

  async start(): Promise<void> {
    this.phase = 'asking';
    this.why = '';
    this.tries = 0;
    if (await this.take()) await this.connect();
  }

  /** Turns to the camera on the other side of the device. */
  async turn(): Promise<void> {
    this.facing = this.facing === 'environment' ? 'user' : 'environment';
    // Many devices have one camera open at a time.
    this.drop();
    if (!(await this.take())) return;
    const sender = this.pc?.getSenders()[0];
    await sender?.replaceTrack(this.stream!.getVideoTracks()[0]!).catch(() => this.again('The other camera cannot be sent.'));
  }

  stop(): void {
    this.leave();
    this.end('');
  }

  /** The page is gone. */
  close(): void {
    this.stop();
    this.clocks.forEach(clearInterval);
    removeEventListener('visibilitychange', this.shown);
    removeEventListener('pagehide', this.leave);
    removeEventListener('online', this.hasten);
  }

  /** Asks the browser for its camera; false: it does not give it. */
  private async take(): Promise<boolean> {
    try {
      const stream = await navigator.mediaDevices.getUserMedia(wanted(this.facing, this.invitation?.hz ?? 15));
      if (!this.runs) {
        stream.getTracks().forEach((track) => track.stop());
        return false;
      }
      this.stream = stream;
      stream.getVideoTracks()[0]!.onended = () => this.end('The browser took the camera back. Start again to go on.');
      const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
      this.several = devices.filter(({ kind }) => kind === 'videoinput').length > 1;
      return true;
    } catch (error) {
      this.leave();
      this.end(refusal(error));
      return false;
    }
  }

  private async connect(): Promise<void> {
    this.hangUp();
    this.phase = 'connecting';
    const pc = (this.pc = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' }));
    const mine = () => this.pc === pc;
    const hz = Math.min(this.invitation?.hz ?? 15, 30);
    const transceiver = pc.addTransceiver(this.stream!.getVideoTracks()[0]!, { direction: 'sendonly', streams: [this.stream!], sendEncodings: [{ maxBitrate: MOST_BPS, maxFramerate: hz }] });
    transceiver.setCodecPreferences?.(preferred(RTCRtpSender.getCapabilities('video')?.codecs ?? []));
    const control = pc.createDataChannel('control');
    control.onmessage = ({ data }) => mine() && this.hear(JSON.parse(String(data)) as ToViewer);
    control.onclose = () => mine() && this.again('The connection to the server was cut.');
    pc.onconnectionstatechange = () => mine() && this.changed(pc.connectionState);
    this.timers.up = setTimeout(() => mine() && pc.connectionState !== 'connected' && this.again('The server cannot be reached by UDP from here, which the pictures go by.'), COMES_UP);
    try {
      const offer = await pc.createOffer();
      await pc.setLocalDescription(offer);
      const response = await this.ask('POST', '/api/v1/whip', offer.sdp!);
      const answer = await response.text();
      if (!mine()) return;
      this.place = response.headers.get('location');
      await pc.setRemoteDescription({ type: 'answer', sdp: answer });
    } catch (error) {
      if (!mine()) return;
      if (error instanceof Refused && isFinal(error.status)) this.end(error.message, true);
      else this.again(error instanceof Refused ? error.message : `The server cannot be reached (${(error as Error).message}).`);
    }
  }

  private changed(state: RTCPeerConnectionState): void {
    clearTimeout(this.timers.stutter);
    if (state === 'connected') {
      this.phase = 'live';
      [this.why, this.tries] = ['', 0];
      void this.stayAwake();
      void this.keepSize();
    } else if (state === 'disconnected') {
      this.timers.stutter = setTimeout(() => this.again('The connection to the server was cut.'), STUTTERS);
    } else if (state === 'failed' || state === 'closed') this.again('The connection to the server was cut.');
  }

  private hear(message: ToViewer): void {
    if (message.type !== 'end') return;
    const detail = message.detail ?? '';
    // Another browser is the camera, or the link is over: whoever comes back by themselves would put the other one out.
    if (message.reason === 'kicked' || message.reason === 'inviteExpired') this.end(detail, message.reason === 'inviteExpired');
    else this.again(detail || 'The camera begins anew.');
  }

  /** Tries again after a while. */
  private again(why: string): void {
    if (!this.runs) return;
    this.hangUp();
    this.phase = 'waiting';
    this.why = why;
    this.tries += 1;
    this.timers.again = setTimeout(() => void this.connect(), patience(this.tries));
  }

  private end(why: string, lost = false): void {
    this.hangUp();
    this.drop();
    void this.lock?.release().catch(() => {});
    this.lock = null;
    this.phase = 'ended';
    this.why = why;
    this.lost ||= lost;
  }

  private hangUp(): void {
    Object.values(this.timers).forEach(clearTimeout);
    this.timers = {};
    const pc = this.pc;
    this.pc = this.place = this.sent = this.before = null;
    pc?.close();
  }

  private drop(): void {
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.stream = null;
  }

  /** Tells the server, which would notice later. */
  private readonly leave = (): void => {
    if (this.place) void this.ask('DELETE', this.place).catch(() => {});
  };

  private readonly hasten = (): void => {
    if (this.phase !== 'waiting') return;
    clearTimeout(this.timers.again);
    void this.connect();
  };

  private readonly shown = (): void => {
    if (document.visibilityState !== 'visible' || !this.runs) return;
    void this.stayAwake();
    this.hasten();
  };

  /** Keeps the screen on, without which phones end their camera. */
  private async stayAwake(): Promise<void> {
    if (this.phase !== 'live' || (this.lock && !this.lock.released)) return;
    this.lock = (await navigator.wakeLock?.request('screen').catch(() => null)) ?? null;
  }

  /** Rather fewer pictures than smaller ones: what is small in them should be found. */
  private async keepSize(): Promise<void> {
    const sender = this.pc?.getSenders()[0];
    // A browser that does not know of it sends as it likes.
    await sender?.setParameters({ ...sender.getParameters(), degradationPreference: 'maintain-resolution' }).catch(() => {});
  }

  private async look(): Promise<void> {
    if (document.hidden && this.invitation) return;
    try {
      this.invitation = (await (await this.ask('GET', '/api/v1/whip')).json()) as CameraInvitation;
    } catch (error) {
      if (error instanceof Refused && isFinal(error.status)) this.end(error.message, true);
    }
  }

  private async measure(): Promise<void> {
    const pc = this.pc;
    if (this.phase !== 'live' || !pc) return;
    for (const report of (await pc.getStats()).values()) {
      if (report.type !== 'outbound-rtp' || this.pc !== pc) continue;
      const { bytesSent = 0, framesPerSecond = 0, frameWidth = 0, frameHeight = 0, timestamp } = report as RTCOutboundRtpStreamStats;
      const before = this.before;
      this.before = { bytes: bytesSent, at: timestamp };
      if (before && timestamp > before.at) this.sent = { fps: framesPerSecond, bps: ((bytesSent - before.bytes) * 8_000) / (timestamp - before.at), width: frameWidth, height: frameHeight };
    }
  }

  private async ask(method: string, path: string, sdp?: string): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.token}` };
    if (sdp) headers['content-type'] = 'application/sdp';
    const response = await fetch(path, { method, headers, body: sdp ?? null, keepalive: method === 'DELETE' });
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as Partial<ProblemBody>;
    throw new Refused(response.status, capital(problem.detail ?? problem.title ?? `The server answered ${response.status}`));
  }
}

/** A problem's detail as a sentence of its own. */
function capital(detail: string): string {
  const end = /[.!?]$/.test(detail) ? '' : '.';
  return detail.charAt(0).toUpperCase() + detail.slice(1) + end;
}
