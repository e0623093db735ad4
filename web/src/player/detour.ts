// Input over RTP, for while the data channel is held up or not open yet: the lossless track, the other way.
//
// A silent track makes the browser send a packet every 10 ms; an encoded transform in the lossless worker puts the newest message in its
// place, or leaves the packet out where there is none. Without a track nothing is sent, and nothing of this costs anything.

import type { Lossless } from './lossless';

export class Detour {
  private silence: AudioContext | null = null;

  constructor(
    private readonly sender: RTCRtpSender,
    private readonly lossless: Lossless,
  ) {}

  /** The newest message leaves within 10 ms, if nothing newer comes before. */
  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.silence) this.open();
    this.lossless.sendInput(bytes);
  }

  /** No more messages for now. */
  close(): void {
    if (!this.silence) return;
    this.replace(null);
    void this.silence.close();
    this.silence = null;
  }

  private open(): void {
    this.silence = new AudioContext();
    // A destination that nothing is connected to makes no packets.
    const source = this.silence.createConstantSource();
    source.offset.value = 0;
    const { stream } = source.connect(this.silence.createMediaStreamDestination()) as MediaStreamAudioDestinationNode;
    source.start();
    this.replace(stream.getAudioTracks()[0]!);
  }

  private replace(track: MediaStreamTrack | null): void {
    // It fails where the connection was closed meanwhile, which is as good.
    this.sender.replaceTrack(track).catch(() => {});
  }
}

/** Packets of 10 ms, where browsers would make them 20. */
export function quickPackets(sdp: string): string {
  return sdp.replaceAll(/(a=rtpmap:\d+ opus\/48000[^\r\n]*\r\n)/gi, '$1a=ptime:10\r\na=maxptime:10\r\n');
}
