// Does in a browser what the tests ask for: a command a line on standard input, as JSON, and its answer a line on standard output,
// `{"ok": value}` or `{"error": "why"}`. The tests judge; nothing here does.
//
//   node tests/browser/driver.mjs http://localhost:8080

import { createInterface } from 'node:readline';
import { clickTitle, launch, watch } from './browser.mjs';

/** How long the page may take over what a command waits for, in ms; less than the tests wait for the answer. */
const PATIENCE_MS = 30_000;

const origin = process.argv[2];
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
context.setDefaultTimeout(PATIENCE_MS);
await context.addInitScript(watch);
const tabs = [];

const COMMANDS = {
  /** A new tab; its number is what `tab` of the other commands means. */
  async open({ path }) {
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error(`page: ${error.stack}`));
    page.on('console', (message) => message.type() === 'error' && console.error(`page: ${message.text()}`));
    await page.goto(origin + path);
    return tabs.push(page) - 1;
  },
  /** From now on every answer names `ports[port]` of 127.0.0.1 in place of `port`. */
  async reroute({ ports }) {
    for (const pattern of ['**/api/v1/sessions', '**/api/v1/sessions/*/connections']) await context.route(pattern, (route) => reroute(route, ports));
  },
  reload: ({ page }) => page.reload().then(() => null),
  close: ({ page }) => page.close(),
  click: ({ page, title }) => clickTitle(page, title),
  button: ({ page, name }) => page.getByRole('button', { name }).click(),
  press: ({ page, key }) => page.keyboard.press(key, { delay: 50 }),
  /** The text of the first element that fits, also inside the player; null: none does. */
  text: ({ page, selector }) => page.locator(selector).first().innerText({ timeout: 1000 }).catch(() => null),
  fetch: ({ page, path }) => page.evaluate(async (path) => (await fetch(path)).json(), path),
  player: ({ page }) => page.evaluate(readPlayer),
  picture: ({ page }) => page.evaluate(readPicture),
  sound: ({ page }) => page.evaluate(readSound),
  async quit() {
    await browser.close();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const answer = await run(command).then((value) => ({ ok: value ?? null }), (error) => ({ error: String(error.message ?? error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  if (command.do === 'quit') break;
}
process.exit(0);

async function run(command) {
  return COMMANDS[command.do]({ ...command, page: tabs[command.tab] });
}

async function reroute(route, ports) {
  const response = await route.fetch();
  const body = await response.json().catch(() => null);
  if (!body?.answer) return route.fulfill({ response });
  const lines = body.answer.split('\r\n').map((line) => rerouteLine(line, ports)).filter((line) => line !== null);
  await route.fulfill({ response, json: { ...body, answer: lines.join('\r\n') } });
}

/** A candidate with its port replaced; null: one that would lead past the relay. */
function rerouteLine(line, ports) {
  if (!line.startsWith('a=candidate:')) return line;
  const parts = line.split(' ');
  const port = ports[parts[5]];
  if (parts[4] !== '127.0.0.1' || port === undefined) return null;
  return [...parts.slice(0, 5), port, ...parts.slice(6)].join(' ');
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
  const { data } = context.getImageData(0, 0, width, height);
  let text = '';
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { width, height, sha256, rgba: btoa(text) };
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
