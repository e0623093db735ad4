// What this browser lacks, and what that means for playing: told in one place, where one looks for it.

import { canShake } from './input/rumble';
import { canShowLossless } from './lossless';
import { canPip } from './pip';

/** What a browser may have. */
export interface Abilities {
  secure: boolean;
  webrtc: boolean;
  lossless: boolean;
  encodedTransform: boolean;
  h264: boolean;
  frameTimes: boolean;
  gamepads: boolean;
  rumble: boolean;
  pointerLock: boolean;
  rawPointer: boolean;
  fullscreen: boolean;
  keyboardLock: boolean;
  pip: boolean;
  volume: boolean;
  storage: boolean;
}

export interface Lack {
  ability: keyof Abilities;
  name: string;
  means: string;
}

const LACKS: Record<keyof Abilities, readonly [name: string, means: string]> = {
  secure: ['A secure page', 'Gamepads, the microphone and some sound need HTTPS; ask whoever runs this server.'],
  webrtc: ['WebRTC', 'Nothing can be played.'],
  lossless: ['Drawing in a worker', 'Exact pictures cannot be shown; every picture is video.'],
  encodedTransform: ['Encoded transforms', 'Exact pictures come by a slower way, which stutters where packets are lost.'],
  h264: ['H.264 video', 'Large and busy pictures may not be shown. Firefox fetches a plugin for it soon after its first start.'],
  frameTimes: ['Times of video pictures', 'H.264 plays; its statistics stay empty.'],
  gamepads: ['Gamepads', 'Keys, mouse and fingers play; a gamepad does not.'],
  rumble: ['Rumble', 'Titles cannot shake a gamepad.'],
  pointerLock: ['Pointer lock', 'Titles steered by the motion of the mouse cannot be turned all the way.'],
  rawPointer: ['Fast pointer reports', 'The mouse is read once a screen refresh.'],
  fullscreen: ['Full screen', 'The picture stays inside the page; adding the page to the home screen may help.'],
  keyboardLock: ['Keyboard lock', 'In full screen, Escape leaves it instead of reaching the title.'],
  pip: ['Picture in picture', 'The picture cannot leave the page.'],
  volume: ['Volume of a page', 'The buttons of the device say how loud it is; the slider turns the sound off and on.'],
  storage: ['Storage', 'Settings are forgotten with the page.'],
};

/** Abilities that only matter where there is a desk, with what lies on it. */
const DESKTOP: readonly (keyof Abilities)[] = ['rumble', 'pointerLock', 'rawPointer', 'keyboardLock'];

/** What is no use without another ability, and not worth a word then. */
const NEEDS: Partial<Record<keyof Abilities, keyof Abilities>> = { lossless: 'webrtc', encodedTransform: 'lossless', h264: 'webrtc', frameTimes: 'h264' };

export function lacksOf(abilities: Abilities, touch: boolean): Lack[] {
  const names = Object.keys(LACKS) as (keyof Abilities)[];
  const useless = (ability: keyof Abilities): boolean => {
    const needed = NEEDS[ability];
    return needed !== undefined && (!abilities[needed] || useless(needed));
  };
  const missing = names.filter((ability) => !abilities[ability] && !useless(ability) && !(touch && DESKTOP.includes(ability)));
  return missing.map((ability) => ({ ability, name: LACKS[ability][0], means: LACKS[ability][1] }));
}

/** What this browser has. */
export function abilities(): Abilities {
  const codecs = globalThis.RTCRtpReceiver?.getCapabilities?.('video')?.codecs ?? [];
  return {
    secure: isSecureContext,
    webrtc: 'RTCPeerConnection' in globalThis,
    lossless: canShowLossless(),
    encodedTransform: 'RTCRtpScriptTransform' in globalThis,
    h264: codecs.some(({ mimeType }) => /h264/i.test(mimeType)),
    frameTimes: 'requestVideoFrameCallback' in HTMLVideoElement.prototype,
    gamepads: 'getGamepads' in navigator,
    rumble: canShake(),
    pointerLock: 'requestPointerLock' in Element.prototype,
    rawPointer: 'onpointerrawupdate' in globalThis,
    fullscreen: 'requestFullscreen' in Element.prototype && document.fullscreenEnabled,
    keyboardLock: 'keyboard' in navigator,
    pip: canPip(),
    volume: volumeWorks(),
    storage: storageWorks(),
  };
}

export function lacks(): Lack[] {
  return lacksOf(abilities(), matchMedia('(pointer: coarse)').matches);
}

/** On iPhones and iPads a page may set it, and nothing changes. */
function volumeWorks(): boolean {
  const audio = new Audio();
  audio.volume = 0.5;
  return audio.volume === 0.5;
}

function storageWorks(): boolean {
  try {
    localStorage.setItem('playfield.try', '1');
    localStorage.removeItem('playfield.try');
    return true;
  } catch {
    return false;
  }
}
