// What stands in the way of a browser that is to be a camera, in a sentence each; and which video it is to send.

/** What a browser has, as far as a camera needs it. */
export interface Means {
  secure: boolean;
  devices: boolean;
  webrtc: boolean;
  /** Video that it can send. */
  codecs: { mimeType: string; sdpFmtpLine?: string }[];
}

/** Why this browser cannot be a camera; null: it can. */
export function obstacle({ secure, devices, webrtc, codecs }: Means): string | null {
  if (!secure) return 'Browsers give their camera to pages over HTTPS alone: open this link with https:// at the front, at the address that the server has on your network.';
  if (!devices) return 'This browser gives no page its camera. Open the link in the device’s own browser, not inside another app.';
  if (!webrtc) return 'This browser has no WebRTC, which the pictures are sent by; it may be turned off in its settings. Another browser will do.';
  if (!codecs.some(isH264)) return 'This browser cannot send H.264, which is the video that cameras take here. Another browser will do: Chrome, Edge or Safari.';
  return null;
}

/** Why the browser did not hand out its camera. */
export function refusal(error: unknown): string {
  switch ((error as DOMException | null)?.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'The browser was told not to give its camera to this page. Allow it in the address bar or in the browser’s settings, then start again.';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'This device has no camera that the browser knows of. Connect one, then start again.';
    case 'NotReadableError':
    case 'AbortError':
      return 'Another program has the camera just now. Close that one, then start again.';
    default:
      return `The camera does not start: ${(error as Error | null)?.message || 'the browser does not say why'}.`;
  }
}

/** How the camera is asked for: the one that faces away from the person, or the one that faces them. */
export function wanted(facing: 'environment' | 'user', hz: number): MediaStreamConstraints {
  return { audio: false, video: { facingMode: { ideal: facing }, width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: Math.min(hz, 30), max: 30 } } };
}

/** H.264 that any decoder takes comes first: constrained baseline, in pieces of any size (packetization-mode 1); then what repairs losses. */
export function preferred<T extends { mimeType: string; sdpFmtpLine?: string }>(codecs: T[]): T[] {
  const baseline = codecs.filter((codec) => isH264(codec) && /profile-level-id=42e0/i.test(codec.sdpFmtpLine ?? ''));
  const h264 = baseline.length > 0 ? baseline : codecs.filter(isH264);
  return [...h264, ...codecs.filter(({ mimeType }) => /^video\/rtx$/i.test(mimeType))];
}

/** How long to wait before the next try, in ms: a second, then two, up to fifteen. */
export function patience(tries: number): number {
  return Math.min(1_000 * 2 ** Math.max(0, tries - 1), 15_000);
}

/** Whether an answer of that status says that trying again is of no use. */
export function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

function isH264({ mimeType, sdpFmtpLine = '' }: { mimeType: string; sdpFmtpLine?: string }): boolean {
  return /^video\/h264$/i.test(mimeType) && /packetization-mode=1/.test(sdpFmtpLine);
}
