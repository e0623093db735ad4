// The picture in a small window of its own, over other programs.
//
// Where the browser opens a window for any element, the whole stage moves there, so that keys and the mouse play on in it. Elsewhere a video
// shows the picture: the title's own, or one that is fed from the canvas. Those only show.

import { h } from './dom';

interface DocumentPip extends EventTarget {
  requestWindow(options: { width: number; height: number }): Promise<Window>;
}

/** What the stage needs of the player's style in a document of its own. */
const STYLE = `
  html, body { margin: 0; height: 100%; overflow: hidden; background: #050608; }
  .stage { position: absolute; inset: 0 !important; touch-action: none; user-select: none; }
  .picture { position: absolute; visibility: hidden; }
  .pixels { image-rendering: pixelated; }
  .stage[data-shows='lossless'] canvas, .stage[data-shows='h264'] video { visibility: visible; }
  .pointer { display: none; }
`;
const LARGEST = 640;

export interface PipHooks {
  /** It opened in `window` (null: as a video, which hears no keys), or was closed. */
  opened(window: Window | null): void;
  closed(): void;
}

export class Pip {
  private leave: (() => void) | null = null;
  private readonly away = h('div', { class: 'away', hidden: true }, h('p', {}, 'Playing in a small window'), h('button', { class: 'big', type: 'button', on: { click: () => this.close() } }, 'Bring it back'));

  constructor(
    private readonly stage: HTMLElement,
    private readonly hooks: PipHooks,
  ) {}

  /** Lies where the picture was. */
  get element(): HTMLElement {
    return this.away;
  }

  get open(): boolean {
    return this.leave !== null;
  }

  /** Shows `surface` in a window of its own. Rejects where the browser does not allow that now. */
  async show(surface: HTMLCanvasElement | HTMLVideoElement, size: { width: number; height: number }): Promise<void> {
    if (this.open) return;
    const windows = documentPip();
    if (windows) await this.moveStage(windows, size);
    else await this.showVideo(surface);
  }

  close(): void {
    const leave = this.leave;
    this.leave = null;
    leave?.();
  }

  private async moveStage(windows: DocumentPip, { width, height }: { width: number; height: number }): Promise<void> {
    const scale = Math.min(2, LARGEST / Math.max(width, height, 1));
    const pip = await windows.requestWindow({ width: Math.round(width * scale) || LARGEST, height: Math.round(height * scale) || 360 });
    const place = document.createComment('');
    this.stage.replaceWith(place);
    pip.document.head.append(h('style', { textContent: STYLE }));
    pip.document.body.append(this.stage);
    this.opened(pip, () => {
      place.replaceWith(this.stage);
      this.resume();
      pip.close();
    });
    pip.addEventListener('pagehide', () => this.close());
    this.resume();
  }

  private async showVideo(surface: HTMLCanvasElement | HTMLVideoElement): Promise<void> {
    const own = surface instanceof HTMLVideoElement;
    const video = own ? surface : mirrorOf(surface);
    await video.play();
    video.disablePictureInPicture = false;
    await video.requestPictureInPicture();
    video.addEventListener('leavepictureinpicture', () => this.close(), { once: true });
    this.opened(null, () => {
      if (document.pictureInPictureElement === video) void document.exitPictureInPicture();
      video.disablePictureInPicture = true;
      if (!own) stopMirror(video);
    });
  }

  private opened(window: Window | null, leave: () => void): void {
    this.leave = () => {
      leave();
      this.away.hidden = true;
      this.hooks.closed();
    };
    this.away.hidden = window === null;
    this.hooks.opened(window);
  }

  /** A video that changes its document stops. */
  private resume(): void {
    for (const video of this.stage.querySelectorAll('video')) video.play().catch(() => {});
  }
}

/** Whether this browser can do it at all, here. */
export function canPip(): boolean {
  return documentPip() !== null || (document.pictureInPictureEnabled === true && canMirror());
}

/** Whether a canvas that a worker draws on can feed a video. Not in Firefox, and only trying tells. */
function canMirror(): boolean {
  const canvas = document.createElement('canvas');
  try {
    canvas.transferControlToOffscreen();
    canvas.captureStream().getTracks().forEach((track) => track.stop());
    return true;
  } catch {
    return false;
  }
}

/** Only a page that is not inside another may open a window. */
function documentPip(): DocumentPip | null {
  if (window.top !== window) return null;
  return (window as { documentPictureInPicture?: DocumentPip }).documentPictureInPicture ?? null;
}

function mirrorOf(canvas: HTMLCanvasElement): HTMLVideoElement {
  return h('video', { muted: true, playsInline: true, srcObject: canvas.captureStream() });
}

function stopMirror(video: HTMLVideoElement): void {
  for (const track of (video.srcObject as MediaStream | null)?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}
