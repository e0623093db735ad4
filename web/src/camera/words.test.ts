import { describe, expect, it } from 'vitest';
import { isFinal, obstacle, patience, preferred, refusal, wanted } from './words';

const fmtp = (profile: string, mode: number) => `level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${profile}`;
const h264 = (profile: string, mode: number) => ({ mimeType: 'video/H264', sdpFmtpLine: fmtp(profile, mode) });
const vp8 = { mimeType: 'video/VP8' };
const rtx = { mimeType: 'video/rtx' };

describe('what stands in the way', () => {
  const all = { secure: true, devices: true, webrtc: true, codecs: [vp8, h264('42e01f', 1)] };
  it.each([
    [{}, null],
    [{ secure: false }, 'https://'],
    [{ devices: false }, 'gives no page its camera'],
    [{ webrtc: false }, 'has no WebRTC'],
    [{ codecs: [vp8] }, 'cannot send H.264'],
    [{ codecs: [h264('42e01f', 0)] }, 'cannot send H.264'],
  ])('%j', (lacks, expected) => {
    const said = obstacle({ ...all, ...lacks });
    if (expected === null) expect(said).toBeNull();
    else expect(said).toContain(expected);
  });

  it.each([
    ['NotAllowedError', 'Allow it'],
    ['NotFoundError', 'no camera'],
    ['NotReadableError', 'Another program'],
    ['StrangeError', 'does not start: why'],
  ])('%s', (name, expected) => expect(refusal(new DOMException('why', name))).toContain(expected));
});

describe('what is sent', () => {
  it('is H.264 that any decoder takes, and what repairs losses', () => {
    const codecs = [vp8, h264('64001f', 1), h264('42e01f', 0), h264('42001f', 1), rtx, h264('42e01f', 1)];
    expect(preferred(codecs)).toEqual([h264('42e01f', 1), rtx]);
  });
  it('is other H.264 where there is no such', () => expect(preferred([h264('64001f', 1), rtx])).toEqual([h264('64001f', 1), rtx]));
  it('has no sound, and no more pictures than are looked at', () => {
    const { audio, video } = wanted('environment', 60);
    expect(audio).toBe(false);
    expect(video).toMatchObject({ frameRate: { ideal: 30 }, facingMode: { ideal: 'environment' } });
  });
});

it('waits longer each time, and not for ever', () => expect([1, 2, 3, 4, 5, 9].map(patience)).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]));
it('gives up where the server means it', () => expect([401, 404, 410, 422, 429, 500, 503, 408].map(isFinal)).toEqual([true, true, true, true, false, false, false, false]));
