// The browser that tests and measurements play in: how it is started, and what they need of a page.

import { createRequire } from 'node:module';

// The browser's driver is a dependency of `web`; this folder has none of its own.
const { chromium, firefox } = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core');

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A Chromium whose microphone or camera is a file, again and again, and whose person says yes to whatever a page asks for. */
const captures = (kind, file) => ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-${kind}-capture=${file}`];

/**
 * Starts `chromium` or `firefox`, without a window. In a Chromium `PLAYFIELD_MICROPHONE` is a file that it takes for a microphone (a WAVE), and
 * `PLAYFIELD_CAMERA` one that it takes for a camera (YUV4MPEG2 or Motion JPEG).
 */
export function launch(name = 'chromium') {
  if (name === 'firefox') return launchFirefox();
  const { PLAYFIELD_MICROPHONE: microphone, PLAYFIELD_CAMERA: camera } = process.env;
  const more = [...(microphone ? captures('audio', microphone) : []), ...(camera ? captures('video', camera) : [])];
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...more] });
}

/**
 * Reading a canvas that a worker draws on, as tests do and the player never does, makes Firefox's page wait for that worker, and now and then the
 * worker for the page: both stand still until this is over, for ten seconds as the setting comes, and nothing is read.
 */
const FIREFOX_SETTINGS = { 'gfx.offscreencanvas.snapshot-timeout-ms': 100 };

/** A Firefox on a telephone has fingers (1: coarse) in place of a mouse. Its driver has no command for that, so it is a browser of its own. */
const FIREFOX_TELEPHONE = { 'ui.primaryPointerCapabilities': 1, 'ui.allPointerCapabilities': 1, 'dom.maxtouchpoints.testing.value': 5 };

/** A Firefox as its users have it, with its settings as they come but for those above; driven by WebDriver BiDi. */
async function launchFirefox(device = {}) {
  const executablePath = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
  const browser = await firefox.launch({ channel: 'moz-firefox', executablePath, firefoxUserPrefs: { ...FIREFOX_SETTINGS, ...device } });
  // The driver sets a colour scheme in each new profile and page, by a command that this Firefox does not know yet.
  const { prototype } = browser._connection.toImpl(browser)._browserSession.constructor;
  const { send } = prototype;
  prototype.send = function (method, params) {
    return method === 'emulation.setMediaFeaturesOverride' ? Promise.resolve({}) : send.call(this, method, params);
  };
  return browser;
}

/** Starts `chromium` or `firefox` on a telephone; null: the browser that is there can be one. */
export async function launchTelephone(name) {
  return name === 'firefox' ? launchFirefox(FIREFOX_TELEPHONE) : null;
}

/** The fingers that are down from now on, by their places in the window. */
export async function putFingers(page, places) {
  await (isFirefox(page) ? touchByBidi : touchByCdp)(page, places);
}

async function touchByCdp(page, places) {
  page.touches ??= await page.context().newCDPSession(page);
  const touchPoints = places.map((place, id) => ({ ...place, id }));
  await page.touches.send('Input.dispatchTouchEvent', { type: places.length > 0 ? 'touchStart' : 'touchEnd', touchPoints });
}

/** Each finger is a device of its own. They come down one after another, as a person's do. */
async function touchByBidi(page, places) {
  const session = page._connection.toImpl(page).delegate._session;
  const before = page.fingersDown ?? 0;
  page.fingersDown = places.length;
  for (let finger = 0; finger < Math.max(before, places.length); finger++) {
    const move = places[finger] ? [{ type: 'pointerMove', ...places[finger] }] : [];
    const down = finger >= before ? [{ type: 'pointerDown', button: 0 }] : [];
    const up = finger >= places.length ? [{ type: 'pointerUp', button: 0 }] : [];
    const device = { type: 'pointer', id: `finger ${finger}`, parameters: { pointerType: 'touch' } };
    await session.send('input.performActions', { context: session.sessionId, actions: [{ ...device, actions: [...move, ...down, ...up] }] });
  }
}

/** Turns the wheel by so many notches, down where positive. */
export async function turnWheel(page, notches) {
  // What commands can say is pixels. Chromium takes 100 for a notch; Firefox takes them for a touchpad's, three of 120 parts of a notch each.
  await page.mouse.wheel(0, notches * (isFirefox(page) ? 40 : 100));
}

function isFirefox(page) {
  return page.context().browser().browserType().name() === 'firefox';
}

/** Clicks a title on the catalogue, as a person would. */
export async function clickTitle(page, title) {
  await (await findTitle(page, title)).click();
}

/** A title's card. One that the shelf does not show is searched for. */
export async function findTitle(page, title) {
  const card = page.locator(`a[data-title="${title}"]`);
  await page.locator('a[data-title]').first().waitFor();
  if (!(await card.isVisible())) await page.getByRole('searchbox').fill(title);
  await card.waitFor();
  return card;
}

/** Starts the self-test on its page, waits for the end, and gives what its "Copy result" gives. */
export async function selfTest(page) {
  // Where the clipboard may not be written, the page shows the result; that works in any browser.
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('not here')) } }));
  await page.getByRole('button', { name: 'Start' }).click();
  await page.locator('[data-phase=done], [data-phase=failed]').waitFor({ timeout: 240_000 });
  const problem = await page.locator('[role=alert]').first().innerText({ timeout: 100 }).catch(() => null);
  if (problem) throw new Error(problem);
  await page.getByRole('button', { name: 'Copy result' }).click();
  return JSON.parse(await page.locator('textarea').inputValue());
}

/**
 * Runs in a page before its own scripts: remembers what cannot be asked for afterwards. All of it is under `window.seen`:
 * the connections made, and what the player told its page.
 */
export function watch() {
  const seen = { connections: [], ends: [], errors: [] };
  window.seen = seen;
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...args) {
      super(...args);
      seen.connections.push(this);
    }
  };
  addEventListener('playfield-end', ({ detail }) => seen.ends.push(detail));
  addEventListener('playfield-error', ({ detail }) => seen.errors.push(detail));
}

/**
 * Runs in a page before its own scripts: puts `ports[port]` in place of each `port` of `address` in the server's answers, and takes away candidates that
 * would lead past them.
 */
export function reroute({ address, ports }) {
  const lead = (line) => {
    if (!line.startsWith('a=candidate:')) return [line];
    const parts = line.split(' ');
    const port = ports[parts[5]];
    return parts[4] === address && port !== undefined ? [[...parts.slice(0, 5), port, ...parts.slice(6)].join(' ')] : [];
  };
  const { fetch } = window;
  window.fetch = async (...asked) => {
    const response = await fetch(...asked);
    if (!/\/api\/v1\/sessions(\/[^/]+\/connections)?$/.test(response.url)) return response;
    const body = await response.clone().json().catch(() => null);
    if (!body?.answer) return response;
    body.answer = body.answer.split('\r\n').flatMap(lead).join('\r\n');
    return new Response(JSON.stringify(body), { status: response.status, headers: response.headers });
  };
}

/** Runs in a page before its own scripts: takes away what some browsers do not have. */
export function lack(what) {
  if (what.includes('encodedTransform')) delete window.RTCRtpScriptTransform;
  if (what.includes('frameTimes')) delete HTMLVideoElement.prototype.requestVideoFrameCallback;
  // As in a page that came by plain HTTP.
  if (what.includes('mediaDevices')) Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
  if (what.includes('webrtc')) delete window.RTCPeerConnection;
  if (what.includes('inputChannel')) {
    // It takes what it is given and never lets it go: a data channel that has stalled, for ever.
    const { send } = RTCDataChannel.prototype;
    let held = 0;
    RTCDataChannel.prototype.send = function (data) {
      if (this.label === 'input') held += data.byteLength;
      else send.call(this, data);
    };
    const { get } = Object.getOwnPropertyDescriptor(RTCDataChannel.prototype, 'bufferedAmount');
    const bufferedAmount = { get() { return this.label === 'input' ? held : get.call(this); } };
    Object.defineProperty(RTCDataChannel.prototype, 'bufferedAmount', bufferedAmount);
  }
  if (!what.includes('h264')) return;
  const others = (codecs) => codecs.filter(({ mimeType }) => !/h264/i.test(mimeType));
  for (const side of [RTCRtpReceiver, RTCRtpSender]) {
    const capabilities = side.getCapabilities;
    side.getCapabilities = (kind) => ({ ...capabilities(kind), codecs: others(capabilities(kind).codecs) });
  }
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (kind, ...rest) {
    const transceiver = add.call(this, kind, ...rest);
    if (kind === 'video') transceiver.setCodecPreferences(RTCRtpReceiver.getCapabilities(kind).codecs);
    return transceiver;
  };
}

/** Runs in a page before its own scripts: gamepads that a test holds, `{ buttons: [names], axes }`, in place of real ones. */
export function fakeGamepads() {
  const names = ['a', 'b', 'x', 'y', 'l1', 'r1', 'l2', 'r2', 'select', 'start', 'l3', 'r3', 'up', 'down', 'left', 'right'];
  let held = [];
  window.shaken = [];
  navigator.getGamepads = () => held;
  window.setFakeGamepads = (pads) => {
    const fresh = held.length === 0 && pads.length > 0;
    held = pads.map(({ buttons, axes }, index) => ({
      index,
      id: `made-up gamepad ${index}`,
      connected: true,
      mapping: 'standard',
      vibrationActuator: { playEffect: async (kind, how) => void window.shaken.push({ pad: index, kind, ...how }), reset: async () => {} },
      axes,
      buttons: names.map((name) => ({ pressed: buttons.includes(name), touched: false, value: buttons.includes(name) ? 1 : 0 })),
    }));
    if (fresh) dispatchEvent(new Event('gamepadconnected'));
  };
}
