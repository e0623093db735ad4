// How long it takes from a click in the catalogue to the first picture on the screen, and where the time goes.
//
//   node tests/browser/click.mjs --url http://localhost:8080 --title probe --runs 30
//
// Prints a benchmark's JSON on standard output, and a table for people on standard error. Each run is a fresh page, left alone for a second
// before the click; the first run is not counted, because it is the one that warms the server.

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { clickTitle, findTitle, launch, watch } from './browser.mjs';

const TARGET_MS = 200;
const IDLE_MS = 1000;

const { values: options } = parseArgs({
  options: { url: { type: 'string', default: 'http://localhost:8080' }, title: { type: 'string', default: 'probe' }, runs: { type: 'string', default: '30' } },
});

/** The way of a click, in order; each mark is in ms after the click. What was made ready before the click is negative. */
const MARKS = ['offer made', 'click handled', 'offer sent', 'offer on the wire', 'answer on the wire', 'answer received', 'answer set', 'ICE connected', 'DTLS connected', 'channels open', 'first packet', 'first frame'];

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
await context.addInitScript(watch);
await context.addInitScript(mark);
const runs = [];
for (let i = 0; i <= Number(options.runs); i++) {
  const run = await once();
  if (i > 0) runs.push(run);
}
await browser.close();
report();

async function once() {
  const page = await context.newPage();
  await page.goto(options.url);
  await findTitle(page, options.title);
  await page.waitForTimeout(IDLE_MS);
  await clickTitle(page, options.title);
  const run = await page.waitForFunction(() => window.seen.first, null, { timeout: 20_000 }).then((handle) => handle.jsonValue());
  // The session makes room for the next.
  await page.evaluate(() => document.querySelector('playfield-player').stop());
  await page.close();
  return run;
}

/** Runs in the page before its own scripts: notes when what happens. */
function mark() {
  const marks = {};
  let clicked = null;
  const note = (name, at = performance.now()) => (marks[name] ??= at);
  const again = (name, at = performance.now()) => (marks[name] = at);
  addEventListener('click', (event) => {
    clicked ??= event.timeStamp;
    note('click handled');
  }, { capture: true });

  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...args) {
      super(...args);
      this.addEventListener('iceconnectionstatechange', () => /connected|completed/.test(this.iceConnectionState) && note('ICE connected'));
      this.addEventListener('connectionstatechange', () => this.connectionState === 'connected' && note('DTLS connected'));
    }
    createDataChannel(...args) {
      const channel = super.createDataChannel(...args);
      channel.addEventListener('open', () => again('channels open'));
      return channel;
    }
    async setLocalDescription(...args) {
      await super.setLocalDescription(...args);
      note('offer made');
    }
    async setRemoteDescription(...args) {
      await super.setRemoteDescription(...args);
      note('answer set');
    }
  };

  const fetch = window.fetch;
  window.fetch = async (...args) => {
    const sessions = String(args[0]).includes('/api/v1/sessions');
    if (sessions) note('offer sent');
    const response = await fetch(...args);
    if (sessions) note('answer received');
    return response;
  };

  window.Worker = class extends window.Worker {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => data.type === 'frames' && note('first packet', data.frames[0].arrivalUs / 1000));
    }
  };
  const nextFrame = HTMLVideoElement.prototype.requestVideoFrameCallback;
  HTMLVideoElement.prototype.requestVideoFrameCallback = function (callback) {
    return nextFrame.call(this, (now, metadata) => {
      note('first packet', metadata.receiveTime);
      callback(now, metadata);
    });
  };

  addEventListener('playfield-firstframe', ({ detail }) => {
    const request = performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/api/v1/sessions'));
    if (request) note('offer on the wire', request.requestStart);
    if (request) note('answer on the wire', request.responseStart);
    // Whatever is later: the moment the browser gives for it being on the screen, or our hearing of it.
    note('first frame', Math.max(performance.now(), clicked + detail.ms));
    // The channels may open later than the first picture comes, and the marks of this moment are all that count.
    setTimeout(() => (window.seen.first = Object.fromEntries(Object.entries(marks).map(([name, at]) => [name, at - clicked]))), 200);
  });
}

function report() {
  const name = (what) => `${options.title}: ${what}`;
  const figures = [];
  const add = (what, value, target = null) => {
    value = Math.round(value * 10) / 10;
    figures.push({ name: name(what), value, unit: 'ms', target, better: 'lower', ok: target === null || value <= target });
  };
  const all = (mark) => runs.map((run) => run[mark]).filter((at) => at !== undefined).sort((a, b) => a - b);
  const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN;
  const total = all('first frame');
  add('click to first frame, p50', at(total, 0.5));
  add('click to first frame, p95', at(total, 0.95), TARGET_MS);
  add('click to first frame, max', total.at(-1));
  for (const mark of MARKS) add(`click to ${mark}, p50`, at(all(mark), 0.5));

  console.error(`${'ms after the click'.padEnd(20)}${'p50'.padStart(8)}${'p95'.padStart(8)}${'max'.padStart(8)}`);
  for (const mark of MARKS) {
    const sorted = all(mark);
    const cell = (value) => (value ?? NaN).toFixed(1).padStart(8);
    console.error(`${mark.padEnd(20)}${cell(at(sorted, 0.5))}${cell(at(sorted, 0.95))}${cell(sorted.at(-1))}`);
  }
  const missing = figures.filter((figure) => !Number.isFinite(figure.value)).map((figure) => figure.name);
  if (missing.length > 0) console.error(`never seen: ${missing.join(', ')}`);
  console.log(JSON.stringify({ bench: 'click', machine: machine(), figures: figures.filter((figure) => Number.isFinite(figure.value)) }));
  process.exitCode = figures.every((figure) => figure.ok) ? 0 : 1;
}

/** The machine in words, as `playfield bench` gives it. */
function machine() {
  const model = cpus()[0]?.model ?? /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown processor';
  return `${model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(2)}`;
}
