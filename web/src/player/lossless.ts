// The page's side of lossless video: a canvas, the worker that paints it, and what carries datagrams to that worker.

import type { Zoom } from './fit';
import LosslessWorker from './lossless/worker?worker&inline';
import type { FromWorker, ToWorker } from './lossless/messages';

export type Carrier = 'track' | 'channel';
export type LosslessListener = (message: FromWorker) => void;

/** Whether this browser can show lossless video at all. */
export function canShowLossless(): boolean {
  return typeof OffscreenCanvas !== 'undefined' && 'transferControlToOffscreen' in HTMLCanvasElement.prototype;
}

export class Lossless {
  readonly canvas = document.createElement('canvas');
  /** What this browser can take datagrams from. */
  readonly carrier: Carrier = 'RTCRtpScriptTransform' in globalThis ? 'track' : 'channel';
  private readonly worker: Worker | null;
  private generation = 0;
  private listener: LosslessListener = () => {};

  constructor() {
    this.worker = canShowLossless() ? new LosslessWorker() : null;
    if (!this.worker) return;
    const canvas = this.canvas.transferControlToOffscreen();
    this.tell({ type: 'init', canvas, timeOrigin: performance.timeOrigin }, [canvas]);
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.generation === this.generation) this.listener(data);
    };
  }

  /** Takes the datagrams of a new connection; those of an older one are not listened to any more. */
  connect({ sender, receiver }: RTCRtpTransceiver, channel: RTCDataChannel): void {
    if (!this.worker) return;
    const generation = ++this.generation;
    this.tell({ type: 'connection', generation });
    if (this.carrier === 'track') {
      receiver.transform = new RTCRtpScriptTransform(this.worker, { generation, up: false });
      sender.transform = new RTCRtpScriptTransform(this.worker, { generation, up: true });
    }
    channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => this.tell({ type: 'datagram', generation, data }, [data]);
  }

  /** Sends an input message with the next packet of the track. */
  sendInput(bytes: Uint8Array<ArrayBuffer>): void {
    const data = bytes.slice().buffer;
    this.tell({ type: 'input', data }, [data]);
  }

  listen(listener: LosslessListener): void {
    this.listener = listener;
  }

  /** From now on the colour of this pixel comes with each picture's report. */
  watch(pixel: { x: number; y: number } | null): void {
    this.tell({ type: 'watch', pixel });
  }

  /** From now on each pixel is drawn so many times as wide and high. */
  enlarge(zoom: Zoom): void {
    this.tell({ type: 'zoom', zoom });
  }

  close(): void {
    this.worker?.terminate();
  }

  private tell(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker?.postMessage(message, transfer);
  }
}
