// Does in a browser what the tests ask for: a command a line on standard input, as JSON, and its answer a line on standard output,
// `{"ok": value}` or `{"error": "why"}`. The tests judge; nothing here does.
//
//   node tests/browser/driver.mjs http://localhost:8080 [chromium | firefox]

import { createInterface } from 'node:readline';
import { clickTitle, fakeGamepads, lack, launch, launchTelephone, putFingers, reroute, selfTest, turnWheel, watch } from './browser.mjs';

/** How long the page may take over what a command waits for, in ms; less than the tests wait for the answer. */
const PATIENCE_MS = 30_000;

const origin = process.argv[2];
/** Where answers lead new tabs, if not where they say. */
let way = null;
const browser = await launch(process.argv[3]);
let telephone = null;
const context = await newContext({});
const tabs = [];

const COMMANDS = {
  /**
   * A new tab; its number is what `tab` of the other commands means. With `device` it is of another device: one with a touch
   * screen (`touch`), gamepads that are made up (`gamepads`), or a browser that lacks something (`lacks`).
   */
  async open({ path, device }) {
    const page = await (device ? await newContext(device) : context).newPage();
    page.on('pageerror', (error) => console.error(`page: ${error.stack}`));
    page.on('console', (message) => message.type() === 'error' && console.error(`page: ${message.text()}`));
    await page.goto(origin + path);
    return tabs.push(page) - 1;
  },
  /** From now on every answer leads new tabs to `ports[port]` in place of each `port` of `address`, and nowhere else. */
  reroute(to) {
    way = to;
    return context.addInitScript(reroute, way).then(() => null);
  },
  reload: ({ page }) => page.reload().then(() => null),
  close: ({ page }) => page.close(),
  click: ({ page, title }) => clickTitle(page, title),
  /** `exact`: that is all of its name. */
  button: ({ page, name, exact = false }) => page.getByRole('button', { name, exact }).click(),
  /** Puts text into the field of that name, as if typed. */
  fill: ({ page, name, text }) => page.getByLabel(name).fill(text),
  /** Puts a file into the field of that name. */
  upload: ({ page, name, file }) => page.getByLabel(name).setInputFiles(file),
  /** Chooses of the list of that name. */
  choose: ({ page, name, choice }) => page.getByRole('combobox', { name }).selectOption(choice),
  switch: ({ page, name }) => page.getByRole('switch', { name }).click(),
  tick: ({ page, name }) => page.getByRole('checkbox', { name }).click(),
  scale: ({ page, scale }) => page.evaluate((scale) => void (document.querySelector('playfield-player').scale = scale), scale),
  press: ({ page, key }) => page.keyboard.press(key, { delay: 50 }),
  hold: ({ page, key, down }) => (down ? page.keyboard.down(key) : page.keyboard.up(key)),
  /** Types as an input method does: whole characters, without keys. */
  type: ({ page, text }) => page.keyboard.insertText(text),
  /** Moves the mouse to a place of the picture, given as shares of it. */
  async mouse({ page, x, y }) {
    const place = await placeOf(page, { on: 'picture', x, y });
    await page.mouse.move(place.x, place.y);
  },
  /** Moves the mouse from the picture's middle by so many CSS pixels. */
  async nudge({ page, dx, dy }) {
    const { x, y } = await placeOf(page, { on: 'picture', x: 0.5, y: 0.5 });
    await page.mouse.move(x, y);
    await page.mouse.move(x + dx, y + dy);
  },
  async clickMouse({ page, button }) {
    await page.mouse.down({ button });
    await page.mouse.up({ button });
  },
  wheel: ({ page, notches }) => turnWheel(page, notches),
  /** The fingers that are down from now on, each on a share of an element; `picture` means the title's. */
  async touch({ page, fingers }) {
    const places = [];
    for (const finger of fingers) places.push(await placeOf(page, finger));
    await putFingers(page, places);
  },
  /** What the made-up gamepads hold from now on. */
  gamepads: ({ page, pads }) => page.evaluate((pads) => window.setFakeGamepads(pads), pads),
  /** How the made-up gamepads were shaken until now. */
  shaken: ({ page }) => page.evaluate(() => window.shaken),
  video: ({ page, mode }) => page.evaluate((mode) => void (document.querySelector('playfield-player').video = mode), mode),
  connections: ({ page }) => page.evaluate(() => window.seen.connections.length),
  /** The window takes another size, in CSS pixels. */
  resize: ({ page, width, height }) => page.setViewportSize({ width, height }),
  /** The pointer's look over the picture, as CSS has it. */
  cursor: ({ page }) => page.evaluate(() => document.querySelector('playfield-player').surface.parentElement.style.cursor),
  /** What is in the device's clipboard from now on; without a text, what is in it. */
  async clipboard({ page, text }) {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    if (text === undefined) return page.evaluate(() => navigator.clipboard.readText());
    return page.evaluate((text) => navigator.clipboard.writeText(text), text);
  },
  locked: ({ page }) => page.evaluate(() => document.pointerLockElement !== null),
  /** Whether an element is there to be seen. */
  visible: ({ page, selector }) => page.locator(selector).first().isVisible(),
  /** The text of the first element that fits, also inside the player; null: none does. */
  text: ({ page, selector }) => page.locator(selector).first().innerText({ timeout: 1000 }).catch(() => null),
  /** Runs the self-test on its page; its result. */
  selfTest: ({ page }) => selfTest(page),
  /** What a field holds. */
  value: ({ page, selector }) => page.locator(selector).first().inputValue(),
  fetch: ({ page, path }) => page.evaluate(async (path) => (await fetch(path)).json(), path),
  player: ({ page }) => page.evaluate(readPlayer),
  /** The saved states of the title, their small pictures as RGBA in base 64. */
  states: ({ page }) => page.evaluate(readStates),
  picture: ({ page }) => page.evaluate(readPicture),
  sound: ({ page }) => page.evaluate(readSound),
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const answer = await run(command).then((value) => ({ ok: value ?? null }), (error) => ({ error: String(error.message ?? error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
// Who asked is gone. A Firefox would stay.
await Promise.all([browser.close(), telephone?.close()]);
process.exit(0);

async function newContext({ touch = false, gamepads = false, lacks = [] }) {
  const screen = touch ? { viewport: { width: 420, height: 800 }, hasTouch: true, isMobile: process.argv[3] !== 'firefox' } : { viewport: { width: 1000, height: 700 } };
  if (touch) telephone ??= await launchTelephone(process.argv[3]);
  const made = await ((touch && telephone) || browser).newContext(screen);
  made.setDefaultTimeout(PATIENCE_MS);
  await made.addInitScript(watch);
  await made.addInitScript(lack, lacks);
  if (gamepads) await made.addInitScript(fakeGamepads);
  if (way) await made.addInitScript(reroute, way);
  return made;
}

/** A share of an element as a place in the window. */
async function placeOf(page, { on, x, y }) {
  const picture = () => page.evaluate(() => document.querySelector('playfield-player').surface.getBoundingClientRect().toJSON());
  const box = on === 'picture' ? await picture() : await page.locator(on).first().boundingBox();
  return { x: box.x + box.width * x, y: box.y + box.height * y };
}

async function run(command) {
  return COMMANDS[command.do]({ ...command, page: tabs[command.tab] });
}

function readPlayer() {
  const player = document.querySelector('playfield-player');
  if (!player) return null;
  const { video, width, height, pictures } = player.stats();
  return { state: player.state, session: player.session?.id ?? null, video, width, height, pictures, ends: window.seen.ends, errors: window.seen.errors };
}

/** What the player shows now, as RGBA in base 64; null while it shows nothing. */
async function readPicture() {
  const player = document.querySelector('playfield-player');
  const { width, height, pictures } = player?.stats() ?? {};
  if (!pictures || !width || !height) return null;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(player.surface, 0, 0, width, height);
  // What stands still of a video lies on it, exactly.
  const exact = player.shadowRoot.querySelector('.exact:not([hidden])');
  if (exact && player.surface instanceof HTMLVideoElement) context.drawImage(exact, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  // Nothing could be read: pictures are opaque.
  if (data[3] === 0) return null;
  let text = '';
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { width, height, sha256, rgba: btoa(text) };
}

/** The states there are, with what their small pictures show. */
async function readStates() {
  const told = await document.querySelector('playfield-player').states();
  for (const state of told.states) {
    const png = Uint8Array.from(atob(state.picture), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([png], { type: 'image/png' }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    state.rgba = btoa(String.fromCharCode(...context.getImageData(0, 0, bitmap.width, bitmap.height).data));
  }
  return told;
}

/** How much sound came, and was played: the first audio track of each connection; the second carries pictures. */
async function readSound() {
  let [packets, energy] = [0, 0];
  for (const connection of window.seen.connections) {
    const receiver = connection.getTransceivers?.().filter(({ receiver }) => receiver.track.kind === 'audio')[0]?.receiver;
    for (const report of (await receiver?.getStats())?.values() ?? []) {
      if (report.type !== 'inbound-rtp') continue;
      packets += report.packetsReceived ?? 0;
      energy += report.totalAudioEnergy ?? 0;
    }
  }
  return { packets, energy };
}
