// What a camera says, as it says it: a stream of server-sent events, opened again whenever it breaks.

import type { CameraApp, CameraCounts, CameraHealth, CameraHeat, CameraSeen, DeviceState, Emitted } from '../api';

/** How long after the last sign of life the stream counts as broken, in ms. */
const SILENT = 20_000;

export class Live {
  state = $state<DeviceState>('starting');
  detail = $state('');
  /** Whether the server can be heard. */
  heard = $state(true);
  health = $state<CameraHealth | null>(null);
  counts = $state<CameraCounts | null>(null);
  app = $state<CameraApp | null>(null);
  emitted = $state.raw<Emitted | null>(null);
  heat = $state.raw<CameraHeat | null>(null);
  /** The newest picture's metadata. Not state: it is drawn, at its own pace. */
  seen: CameraSeen | null = null;
  private onseen: (seen: CameraSeen) => void;
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private id: string,
    onseen: (seen: CameraSeen) => void,
  ) {
    this.onseen = onseen;
    this.open();
  }

  close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private open(): void {
    this.close();
    const source = new EventSource(`/api/v1/devices/${encodeURIComponent(this.id)}/live`);
    this.source = source;
    const on = <T>(name: string, take: (told: T) => void) =>
      source.addEventListener(name, (event) => {
        this.wait();
        take(JSON.parse((event as MessageEvent<string>).data) as T);
      });
    on<{ state: DeviceState; detail: string | null }>('state', (told) => {
      this.state = told.state;
      this.detail = told.detail ?? '';
    });
    on<CameraHealth>('health', (told) => (this.health = told));
    on<CameraCounts>('counts', (told) => (this.counts = told));
    on<CameraApp>('app', (told) => (this.app = told));
    on<Emitted>('emitted', (told) => (this.emitted = told));
    on<CameraHeat>('heat', (told) => (this.heat = told));
    on<CameraSeen>('seen', (told) => {
      this.seen = told;
      this.onseen(told);
    });
    source.onopen = () => this.wait();
    source.onerror = () => {
      this.heard = false;
      // The browser tries again by itself, unless it was refused.
      if (source.readyState === EventSource.CLOSED) this.timer = setTimeout(() => this.open(), 2_000);
    };
    this.wait();
  }

  private wait(): void {
    this.heard = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.heard = false;
      this.open();
    }, SILENT);
  }
}
