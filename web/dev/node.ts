// A made-up node: the other end of the peer connection, in the same page. It draws a test scene, sends it both ways of
// docs/reference/wire.md, answers input with the clock, and shows what it was told.

import type { EndReason, FromViewer, InputKind, Participant, Receipt, Setting, ToViewer, VideoMode } from '../src/api';
import { encode, type Source } from './encoder';
import FakeSender from './sender?worker';

const SIZE = 160;
const BALL = 14;

export interface FakeTitle {
  input: InputKind[];
  players: { max: number };
}

export class FakeNode {
  /** Who is in, as the host is told. */
  people: Participant[] = [{ id: 'vwr-0123456789bcdfgh', name: 'Host', role: 'host', seats: [0], away: false, may: [] }];
  private readonly pc = new RTCPeerConnection();
  private control: RTCDataChannel | null = null;
  private input: RTCDataChannel | null = null;
  private datagrams: RTCDataChannel | null = null;
  private readonly sender = new FakeSender();
  private readonly canvas = Object.assign(document.createElement('canvas'), { width: SIZE * 2, height: SIZE * 2 });
  private mode: 'lossless' | 'h264' = 'lossless';
  private carrier: 'track' | 'channel' = 'track';
  private timer: ReturnType<typeof setInterval> | null = null;
  private tick = 0;
  private acked = 0;
  private readonly history = new Map<number, Source>();
  private answered = 0;
  private buttons = 0;
  private ball = { x: 70, y: 70 };
  /** What the receipt says of the network, in ms. */
  networkMs = 0.9;
  /** What it lets its first player choose. */
  settings: Setting[] = [];
  /** Its pixels are not square. */
  aspect: number | undefined;
  onclose: () => void = () => {};

  constructor(readonly title: FakeTitle) {
    this.pc.ondatachannel = ({ channel }) => this.channel(channel);
    this.pc.onconnectionstatechange = () => ['failed', 'closed', 'disconnected'].includes(this.pc.connectionState) && this.close();
  }

  async answer(offer: string): Promise<string> {
    await this.pc.setRemoteDescription({ type: 'offer', sdp: offer });
    const [sound, lossless, video] = this.pc.getTransceivers();
    // Before the track: Chromium leaves a sender that already sends as it is.
    if ('RTCRtpScriptTransform' in globalThis) lossless!.sender.transform = new RTCRtpScriptTransform(this.sender, {});
    await this.send(video!, this.canvas.captureStream(60).getTracks()[0]!);
    const tone = soundTrack();
    await this.send(sound!, tone);
    await this.send(lossless!, tone.clone());
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    await new Promise<void>((resolve) => {
      if (this.pc.iceGatheringState === 'complete') resolve();
      this.pc.onicegatheringstatechange = () => this.pc.iceGatheringState === 'complete' && resolve();
      setTimeout(resolve, 300);
    });
    return this.pc.localDescription!.sdp;
  }

  notice(text: string): void {
    this.tell({ type: 'notice', text });
  }

  end(reason: EndReason, detail: string): void {
    this.tell({ type: 'end', reason, detail });
    setTimeout(() => this.close(), 50);
  }

  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.pc.close();
    this.sender.terminate();
    this.onclose();
  }

  private async send(transceiver: RTCRtpTransceiver, track: MediaStreamTrack): Promise<void> {
    transceiver.direction = 'sendonly';
    await transceiver.sender.replaceTrack(track);
  }

  private channel(channel: RTCDataChannel): void {
    channel.binaryType = 'arraybuffer';
    if (channel.label === 'input') this.input = channel;
    if (channel.label === 'lossless') this.datagrams = channel;
    if (channel.label === 'control') this.control = channel;
    channel.onmessage = ({ data }) => (channel.label === 'input' ? this.hear(data as ArrayBuffer) : this.said(JSON.parse(String(data)) as FromViewer));
    if (channel.label === 'control') setTimeout(() => this.start(), 10);
  }

  private start(): void {
    this.tell({ type: 'hello', slot: 0, tick_hz: 60, video: this.mode, videos: ['auto', 'lossless', 'h264'], input: this.title.input, keys_as_pad: true, estimates: true, seats: this.title.players.max });
    this.tell({ type: 'you', role: 'host', slots: [0], players: this.title.players.max, may: ['play', 'keyboard', 'pointer', 'settings', 'clipboard', 'microphone', 'states'] });
    this.tellPeople();
    this.tell({ type: 'state', state: 'connected' });
    if (this.settings.length > 0) this.tell({ type: 'settings', settings: this.settings });
    this.announce();
    this.timer = setInterval(() => this.picture(), 1000 / 60);
    setInterval(() => this.tell({ type: 'stats', receipt: receipt(this.tick, this.networkMs), bitrate_bps: 182_000 + Math.random() * 9000 }), 500);
  }

  tellPeople(): void {
    const seats = this.people.flatMap((person) => person.seats);
    this.tell({ type: 'people', seats, away: this.people.flatMap((person) => (person.away ? person.seats : [])), watching: this.people.filter((person) => person.seats.length === 0).length, list: this.people });
  }

  private said(message: FromViewer): void {
    if (message.type === 'seats') this.tell({ type: 'seats', seats: Array.from({ length: message.count }, (_, i) => i) });
    if (message.type === 'choose') this.choose(message.key, message.value);
    if (message.type !== 'video') return;
    this.mode = message.mode === 'h264' ? 'h264' : 'lossless';
    this.carrier = message.carrier;
    this.announce();
  }

  private choose(key: string, value: string): void {
    this.settings = this.settings.map((setting) => (setting.key === key ? { ...setting, value } : setting));
    this.tell({ type: 'settings', settings: this.settings });
  }

  private announce(): void {
    const size = this.mode === 'h264' ? SIZE * 2 : SIZE;
    this.tell({ type: 'video', mode: this.mode as VideoMode, width: size, height: size, ...(this.aspect ? { aspect: this.aspect } : {}) });
  }

  private tell(message: ToViewer): void {
    if (this.control?.readyState === 'open') this.control.send(JSON.stringify(message));
  }

  private hear(data: ArrayBuffer): void {
    const view = new DataView(data);
    for (let at = 26; at + 3 <= view.byteLength; at += 3 + view.getUint16(at + 1, true)) {
      if (view.getUint8(at) === 1) this.buttons = view.getUint16(at + 4, true);
      if (view.getUint8(at) === 5 && view.getUint16(at + 1, true) >= 6) this.acked = view.getUint32(at + 3, true);
    }
    const now = BigInt(Math.round(performance.now() * 1000) + 5_000_000);
    if (++this.answered > 8 && this.answered % 15 !== 0) return;
    const reply = new DataView(new ArrayBuffer(30));
    reply.setUint8(0, 2);
    reply.setUint32(2, view.getUint32(2, true), true);
    reply.setBigUint64(6, view.getBigUint64(6, true), true);
    reply.setBigUint64(14, now, true);
    reply.setBigUint64(22, now, true);
    if (this.input?.readyState === 'open') this.input.send(reply.buffer);
  }

  private picture(): void {
    this.tick += 1;
    const held = (bit: number) => ((this.buttons >> bit) & 1) * 2;
    this.ball.x = Math.max(0, Math.min(SIZE - BALL, this.ball.x + held(15) - held(14)));
    this.ball.y = Math.max(0, Math.min(SIZE - BALL, this.ball.y + held(13) - held(12)));
    const scene = draw(this.tick, this.ball, this.buttons);
    if (this.mode === 'h264') return this.paint(scene);
    // A viewer keeps 32 pictures.
    const base = this.tick - this.acked < 32 ? this.history.get(this.acked) : undefined;
    const options = { picture: this.tick, tick: this.tick };
    for (const bytes of encode(scene, base ? { ...options, base, baseNumber: this.acked } : options)) {
      if (this.carrier === 'track') this.sender.postMessage(bytes);
      else if (this.datagrams?.readyState === 'open') this.datagrams.send(bytes as Uint8Array<ArrayBuffer>);
    }
    this.history.set(this.tick, scene);
    this.history.delete(this.tick - 31);
  }

  private paint(scene: Source): void {
    const context = this.canvas.getContext('2d')!;
    const image = new ImageData(SIZE, SIZE);
    scene.pixels.forEach((index, i) => image.data.set([...scene.palette.subarray(index * 3, index * 3 + 3), 255], i * 4));
    const small = new OffscreenCanvas(SIZE, SIZE);
    small.getContext('2d')!.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, SIZE * 2, SIZE * 2);
  }
}

function draw(tick: number, ball: { x: number; y: number }, buttons: number): Source {
  const palette = new Uint8Array(768);
  palette.set([16, 20, 38, 38, 52, 92, 255, 116, 72, 240, 238, 230]);
  const pixels = new Uint8Array(SIZE * SIZE);
  const fill = (x: number, y: number, w: number, h: number, colour: number) => {
    for (let row = y; row < y + h; row++) pixels.fill(colour, row * SIZE + x, row * SIZE + x + w);
  };
  for (let y = 0; y < SIZE; y += 16) for (let x = (y / 16) % 2 ? 16 : 0; x < SIZE; x += 32) fill(x, y, 16, 16, 1);
  const sweep = Math.round((Math.sin(tick / 40) * 0.5 + 0.5) * (SIZE - 24));
  fill(sweep, 12, 24, 6, 3);
  fill(ball.x, ball.y, BALL, BALL, buttons & 1 ? 3 : 2);
  return { format: 0, width: SIZE, height: SIZE, palette, pixels };
}

function soundTrack(): MediaStreamTrack {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const quiet = context.createGain();
  quiet.gain.value = 0.01;
  const out = context.createMediaStreamDestination();
  tone.connect(quiet).connect(out);
  tone.start();
  return out.stream.getAudioTracks()[0]!;
}

/** What a real node measures, roughly. */
export function receipt(pictures: number, networkMs: number): Receipt {
  const stage = (name: string, p50: number) => ({ name, p50_ms: p50, p95_ms: p50 * 1.8, p99_ms: p50 * 2.5, max_ms: p50 * 4 });
  const stages = [stage('wait', 8.1), stage('guest', 0.6), stage('convert', 0.1), stage('encode', 0.2), stage('send', 0.1), stage('network', networkMs), stage('decode', 0.3), stage('present', 7.6), stage('total', 17 + networkMs)];
  return { pictures, stages, clock_error_ms: 0.4, verdict: 'Most of the time is the wait for the next tick and for the screen.' };
}
