// The two elements a picture can be on, and which of them shows it now.
//
// The canvas takes lossless pictures, the video element H.264. When the way changes, the old one stays until the first picture of the new is there.

import type { VideoMode } from '../api';
import { Exact } from './exact';
import { placeOf, shapeOf, zoomOf, type Box, type Pixels, type Scale, type Size, type Zoom } from './fit';
import type { FrameReport } from './wire';

/** How large a picture is drawn that a video shows. */
const MIRRORED = 2;

type Way = 'lossless' | 'h264';

interface FrameMetadata extends VideoFrameCallbackMetadata {
  receiveTime?: number;
  rtpTimestamp?: number;
  processingDuration?: number;
}

export class Surface {
  readonly video = document.createElement('video');
  /** What stands still of the video, on it. */
  readonly exact = new Exact();
  private canvas: HTMLCanvasElement | null = null;
  private shown: Way | null = null;
  private announced: Way | null = null;
  private picture = { width: 0, height: 0 };
  /** Width by height as it is to be seen; null: its pixels are square. */
  private aspect: number | null = null;
  private zoom: Zoom = { across: 1, down: 1 };
  private mirror = false;
  private fitting: Scale = 'auto';
  private drawing: Pixels = 'auto';
  private readonly resizes = new ResizeObserver(() => this.layOut());
  /** What a change of the picture's size calls. */
  onfit: (box: Box) => void = () => {};

  constructor(
    private readonly stage: HTMLElement,
    private readonly presented: (reports: FrameReport[]) => void,
    /** Exact pictures are to be drawn larger on their canvas from now on. */
    private readonly zoomed: (zoom: Zoom) => void,
  ) {
    Object.assign(this.video, { muted: true, autoplay: true, playsInline: true, disablePictureInPicture: true });
    this.video.className = 'picture';
    stage.append(this.video, this.exact.canvas);
    this.resizes.observe(stage);
    if ('requestVideoFrameCallback' in HTMLVideoElement.prototype) this.nextVideoFrame();
    else this.video.addEventListener('timeupdate', () => this.videoMoved());
  }

  /** The element that shows the picture now. */
  get element(): HTMLCanvasElement | HTMLVideoElement {
    const way = this.shown ?? this.announced;
    return way === 'h264' || !this.canvas ? this.video : this.canvas;
  }

  get mode(): VideoMode {
    return this.shown ?? this.announced ?? 'auto';
  }

  get width(): number {
    return this.picture.width;
  }

  get height(): number {
    return this.picture.height;
  }

  /** The picture's size as it is to be seen, in square pixels. */
  get shape(): Size {
    return shapeOf(this.picture, this.aspect);
  }

  /** A video shows the canvas as it is, which nothing stretches: it is to have the picture's shape itself. */
  set mirrored(mirrored: boolean) {
    this.mirror = mirrored;
    this.layOut();
  }

  /** How the picture fits its room. */
  set scale(scale: Scale) {
    this.fitting = scale;
    this.layOut();
  }

  /** How its pixels are drawn. */
  set pixels(pixels: Pixels) {
    this.drawing = pixels;
    this.layOut();
    this.draw();
  }

  useCanvas(canvas: HTMLCanvasElement): void {
    this.canvas?.remove();
    this.canvas = canvas;
    canvas.className = 'picture';
    this.video.after(canvas);
    this.zoom = { across: 1, down: 1 };
    this.draw();
    this.layOut();
  }

  useTrack(track: MediaStreamTrack): void {
    this.exact.forget();
    this.video.srcObject = new MediaStream([track]);
    // Muted video may always play; what fails here is a play() that a newer one overtook.
    this.video.play().catch(() => {});
  }

  announce(mode: VideoMode, width: number, height: number, aspect: number | null): void {
    if (mode === 'auto') return;
    this.announced = mode;
    if (width > 0 && height > 0) this.resize(width, height, aspect);
  }

  /** A picture came that way. */
  painted(way: Way, width: number, height: number): void {
    if (this.announced && way !== this.announced) return;
    if (way === 'lossless' || this.picture.width === 0) this.resize(width, height);
    if (way === this.shown) return;
    this.shown = way;
    this.stage.dataset.shows = way;
  }

  /** Where the picture is now, in CSS pixels of the viewport. */
  box(): Box {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    const size = { pictureWidth: this.picture.width || 1, pictureHeight: this.picture.height || 1 };
    return { left, top, width: width || 1, height: height || 1, ...size };
  }

  close(): void {
    this.resizes.disconnect();
    this.video.srcObject = null;
  }

  private resize(width: number, height: number, aspect = this.aspect): void {
    if (this.picture.width === width && this.picture.height === height && this.aspect === aspect) return;
    this.picture = { width, height };
    this.exact.resize(this.picture);
    this.aspect = aspect;
    this.layOut();
    this.draw();
  }

  private get square(): boolean {
    return this.shape === this.picture;
  }

  private draw(): void {
    for (const element of [this.video, this.exact.canvas]) element.classList.toggle('pixels', this.drawing === 'sharp');
    this.canvas?.classList.toggle('pixels', this.drawing !== 'smooth' && this.square);
  }

  /** Pixels that are not square are drawn larger than they are seen. */
  private enlarge(place: Size, ratio: number): void {
    const zoom = this.zoomFor(place, ratio);
    if (zoom.across === this.zoom.across && zoom.down === this.zoom.down) return;
    this.zoom = zoom;
    this.zoomed(zoom);
  }

  private zoomFor(place: Size, ratio: number): Zoom {
    if (this.square) return { across: 1, down: 1 };
    if (this.mirror) return { across: (MIRRORED * this.shape.width) / this.picture.width, down: MIRRORED };
    return this.drawing === 'smooth' ? { across: 1, down: 1 } : zoomOf(place, this.picture, ratio);
  }

  private layOut(): void {
    const room = { width: this.stage.clientWidth, height: this.stage.clientHeight };
    if (!this.picture.width || !room.width || !room.height) return;
    const ratio = this.stage.ownerDocument.defaultView?.devicePixelRatio || 1;
    const place = placeOf(room, this.picture, ratio, this.fitting, this.aspect);
    this.enlarge(place, ratio);
    const style = Object.fromEntries(Object.entries(place).map(([side, length]) => [side, `${length}px`]));
    for (const element of [this.video, this.exact.canvas, this.canvas]) if (element) Object.assign(element.style, style);
    this.onfit(this.box());
  }

  private nextVideoFrame(): void {
    this.video.requestVideoFrameCallback((_now, metadata: FrameMetadata) => {
      this.nextVideoFrame();
      this.painted('h264', metadata.width, metadata.height);
      this.exact.presented(metadata.rtpTimestamp ?? null);
      if (this.shown === 'h264') this.presented([report(metadata)]);
    });
  }

  /** A browser that does not tell of each picture tells a few times a second that the video goes on: enough to show it. */
  private videoMoved(): void {
    const { videoWidth, videoHeight } = this.video;
    if (videoWidth === 0) return;
    const before = this.shown;
    this.painted('h264', videoWidth, videoHeight);
    if (this.shown === 'h264' && before !== 'h264') this.presented([unknown()]);
  }
}

/** A picture of which nothing is known but that it is there; the node knows none of that number. */
function unknown(): FrameReport {
  return { rtp: true, id: 0, arrivalUs: Math.round(performance.now() * 1000), decodeUs: 0, presentUs: 0 };
}

/**
 * When an H.264 picture came and was shown. Browsers tell how long decoding took but not when it was done; where they do not even
 * tell that, it counts as done when the picture was handed to the screen.
 */
function report(metadata: FrameMetadata): FrameReport {
  const arrival = metadata.receiveTime ?? metadata.presentationTime;
  const present = Math.max(metadata.expectedDisplayTime, metadata.presentationTime) - arrival;
  const handed = metadata.presentationTime - arrival;
  const decode = metadata.processingDuration === undefined ? handed : Math.min(handed, metadata.processingDuration * 1000);
  return {
    rtp: true,
    id: metadata.rtpTimestamp ?? 0,
    arrivalUs: Math.round(arrival * 1000),
    decodeUs: Math.round(Math.max(0, decode) * 1000),
    presentUs: Math.round(Math.max(0, present) * 1000),
  };
}
