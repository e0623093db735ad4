// One peer connection to a session: made and offered before it is needed, then answered once.
//
// The order of media and channels is that of docs/reference/wire.md. The offer leaves without candidates: the node is ICE-lite and learns our
// address from our checks, so there is nothing to gather and no STUN server to ask.

import type { FromViewer, ToViewer } from '../api';
import { Detour, quickPackets } from './detour';
import type { Lossless } from './lossless';

export interface LinkEvents {
  /** Input can flow; the channels may open later. */
  open(): void;
  control(message: ToViewer): void;
  /** A message on the `input` channel. */
  input(data: ArrayBuffer): void;
  video(track: MediaStreamTrack, receiver: RTCRtpReceiver): void;
  sound(track: MediaStreamTrack): void;
  /** The connection is gone for good. */
  lost(): void;
  /** The connection stutters, or has recovered. */
  shaky(shaky: boolean): void;
}

/** What the transceivers are for, by their place. */
const SOUND = 0;
const LOSSLESS = 1;
const VIDEO = 2;

/** Bytes that may wait in the input channel: what waits there is old when it leaves. */
const MOST_WAITING = 1_000;
/** Control messages that may wait for their channel: most of them are said once. */
const MOST_UNSAID = 64;

export class Link {
  private readonly pc = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
  private readonly input: RTCDataChannel;
  private readonly control: RTCDataChannel;
  private readonly transceivers: RTCRtpTransceiver[];
  private readonly detour: Detour | null;
  private readonly offered: Promise<string>;
  private events: LinkEvents | null = null;
  private closed = false;
  private opened = false;
  /** What there was to say before the control channel was open. */
  private unsaid: FromViewer[] = [];
  readonly madeAt = performance.now();

  constructor(private readonly lossless: Lossless) {
    // Video last: browsers fail over an answer that refuses the first of a bundle, and without H.264 it is refused.
    this.transceivers = ['audio', 'audio', 'video'].map((kind) => this.pc.addTransceiver(kind, { direction: 'recvonly' }));
    // So that a microphone needs no second offer: until there is one, nothing is sent.
    this.transceivers[SOUND]!.direction = 'sendrecv';
    const track = this.transceivers[LOSSLESS]!;
    if (lossless.carrier === 'track') track.direction = 'sendrecv';
    this.detour = lossless.carrier === 'track' ? new Detour(track.sender, lossless) : null;
    preferH264(this.transceivers[VIDEO]!);
    this.input = this.pc.createDataChannel('input', { ordered: false, maxRetransmits: 0 });
    this.control = this.pc.createDataChannel('control');
    const datagrams = this.pc.createDataChannel('lossless', { ordered: false, maxRetransmits: 0 });
    this.input.binaryType = datagrams.binaryType = 'arraybuffer';
    this.lossless.connect(track, datagrams);
    this.offered = this.offer();
  }

  /** Whether this link can still be answered. */
  get usable(): boolean {
    return !this.closed && this.events === null && this.pc.signalingState !== 'closed';
  }

  /** The SDP to send. */
  sdp(): Promise<string> {
    return this.offered;
  }

  /** Takes the node's answer; from now on `events` hears of everything. */
  async accept(answer: string, events: LinkEvents): Promise<void> {
    this.events = events;
    this.listen(events);
    await this.pc.setRemoteDescription({ type: 'answer', sdp: quickPackets(answer) });
    const { receiver } = this.transceivers[VIDEO]!;
    lowestDelay(receiver);
    events.video(receiver.track, receiver);
    events.sound(this.transceivers[SOUND]!.receiver.track);
  }

  /** Whether of the input messages before something still waits to leave. */
  get inputWaits(): boolean {
    return this.input.bufferedAmount > 0;
  }

  /** Sends an input message, by the lossless track too where the channel is held up or not open yet; false if it could not leave. */
  sendInput(bytes: Uint8Array<ArrayBuffer>, heldUp: boolean): boolean {
    if (heldUp) this.detour?.send(bytes);
    else this.detour?.close();
    if (this.input.readyState !== 'open' || this.input.bufferedAmount > MOST_WAITING) return heldUp && this.detour !== null;
    this.input.send(bytes);
    return true;
  }

  /** Says it now, or once the channel is open: then of what a later word takes back, that one is said. */
  say(message: FromViewer): void {
    const { readyState } = this.control;
    if (readyState === 'open') this.control.send(JSON.stringify(message));
    if (readyState !== 'connecting') return;
    const others = this.unsaid.filter((other) => !takesBack(message, other));
    this.unsaid = [...others.slice(1 - MOST_UNSAID), message];
  }

  /** What goes to the node as sound; null: nothing. */
  speak(track: MediaStreamTrack | null): void {
    // It fails where the connection was closed meanwhile, which is as good.
    this.transceivers[SOUND]!.sender.replaceTrack(track).catch(() => {});
  }

  getStats(): Promise<RTCStatsReport> {
    return this.pc.getStats();
  }

  close(): void {
    this.closed = true;
    this.events = null;
    this.detour?.close();
    this.pc.close();
  }

  private async offer(): Promise<string> {
    const offer = await this.pc.createOffer();
    const sdp = stereo(offer.sdp ?? '');
    await this.pc.setLocalDescription({ type: 'offer', sdp });
    return sdp;
  }

  private listen(events: LinkEvents): void {
    this.input.onopen = () => this.openIfReady(events);
    this.control.onopen = () => {
      for (const message of this.unsaid.splice(0)) this.say(message);
      this.openIfReady(events);
    };
    this.input.onmessage = ({ data }) => this.events?.input(data as ArrayBuffer);
    this.control.onmessage = ({ data }) => this.hear(String(data));
    this.control.onclose = () => this.events?.lost();
    this.pc.onconnectionstatechange = () => this.stateChanged(this.pc.connectionState);
  }

  /** Where input can go by the track it need not wait for the channels, which open late where much is lost. */
  private openIfReady(events: LinkEvents): void {
    const channels = [this.input, this.control].every(({ readyState }) => readyState === 'open');
    const ready = channels || (this.detour !== null && this.pc.connectionState === 'connected');
    if (!ready || this.opened || this.closed) return;
    this.opened = true;
    events.open();
  }

  private hear(text: string): void {
    try {
      this.events?.control(JSON.parse(text) as ToViewer);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }

  private stateChanged(state: RTCPeerConnectionState): void {
    if (state === 'failed' || state === 'closed') return this.events?.lost();
    this.events?.shaky(state === 'disconnected');
    if (this.events) this.openIfReady(this.events);
  }
}

/** Whether nobody needs to hear the earlier word any more. */
export function takesBack(later: FromViewer, earlier: FromViewer): boolean {
  // Text is typed piece by piece, and so is a clipboard told.
  if (later.type === 'text' || later.type === 'clipboard') return false;
  if (later.type === 'choose' && earlier.type === 'choose') return later.key === earlier.key;
  return later.type === earlier.type;
}

/** Without this, Chromium plays Opus as one channel, whatever the stream holds. */
export function stereo(sdp: string): string {
  const opus = /a=rtpmap:(\d+) opus\/48000/i.exec(sdp)?.[1];
  if (!opus) return sdp;
  return sdp.replaceAll(new RegExp(`(a=fmtp:${opus} [^\\r\\n]*)`, 'g'), (line) => (line.includes('stereo=1') ? line : `${line};stereo=1`));
}

/** Offers H.264 packetization-mode 1 first, AV1 for nodes that have it, and what repairs them; leaves all as it is where the browser has no say. */
function preferH264(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  const h264 = codecs.filter((codec) => /h264/i.test(codec.mimeType) && /packetization-mode=1/.test(codec.sdpFmtpLine ?? ''));
  const av1 = codecs.filter((codec) => /av1$/i.test(codec.mimeType) && !/profile=[12]/.test(codec.sdpFmtpLine ?? ''));
  const repair = codecs.filter((codec) => /\/rtx$/i.test(codec.mimeType));
  if (h264.length > 0) transceiver.setCodecPreferences?.([...h264, ...av1, ...repair]);
}

/** Asks for pictures as soon as they are decoded. */
function lowestDelay(receiver: RTCRtpReceiver): void {
  const hints = receiver as RTCRtpReceiver & { playoutDelayHint?: number | null; jitterBufferTarget?: number | null };
  if ('jitterBufferTarget' in hints) hints.jitterBufferTarget = 0;
  if ('playoutDelayHint' in hints) hints.playoutDelayHint = 0;
}
