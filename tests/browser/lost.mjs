// How long pictures stand still when the process that runs a session is killed, and how much play is lost.
//
//   node tests/browser/lost.mjs --url http://localhost:8080 --server PID --title probe --runs 20
//
// PID is that of `playfield up`; its workers are killed. Prints a benchmark's JSON on standard output. A title whose pictures are sent exactly.

import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { clickTitle, launch } from './browser.mjs';

const TARGET_MS = 2000;
const TARGET_LOST_MS = 1000;

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://localhost:8080' },
    server: { type: 'string' },
    title: { type: 'string', default: 'probe' },
    runs: { type: 'string', default: '20' },
  },
});
if (!options.server) throw new Error('--server PID is missing: the process id of `playfield up`');

const browser = await launch();
const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
await page.addInitScript(listen);
await page.goto(options.url);
await clickTitle(page, options.title);
await page.waitForFunction(() => window.pictures.length > 120, null, { timeout: 20_000 });
const runs = [];
for (let run = 0; run < Number(options.runs); run++) runs.push(await once());
await browser.close();
report();

async function once() {
  // At any point between two checkpoints.
  await page.waitForTimeout(1500 + Math.random() * 1000);
  const before = await page.evaluate(() => window.pictures.at(-1));
  workers().forEach((pid) => process.kill(pid, 'SIGKILL'));
  const gap = await page.waitForFunction(gapAfter, before.at, { timeout: 20_000, polling: 50 }).then((handle) => handle.jsonValue());
  return { still: gap.to.at - gap.from.at, lost: gap.from.tick - gap.to.tick };
}

/** Runs in the page: the longest pause since a moment, once it is over. */
function gapAfter(since) {
  const { pictures } = window;
  for (let i = pictures.length - 1; i > 0 && pictures[i].at > since; i--) {
    if (pictures[i].at - pictures[i - 1].at > 300 || pictures[i].tick < pictures[i - 1].tick) return { from: pictures[i - 1], to: pictures[i] };
  }
  return null;
}

/** Runs in the page before its own scripts: notes each picture's tick and when it came. */
function listen() {
  window.pictures = [];
  window.Worker = class extends window.Worker {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => {
        if (data.type === 'frames') for (const frame of data.frames) window.pictures.push({ tick: frame.id, at: performance.now() });
      });
    }
  };
}

function workers() {
  return readdirSync('/proc').filter((pid) => {
    try {
      const parent = /PPid:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      return parent === options.server && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('worker');
    } catch {
      return false;
    }
  });
}

function report() {
  const figures = [];
  const add = (name, value, unit, target) => {
    value = Math.round(value * 10) / 10;
    figures.push({ name, value, unit, target, better: 'lower', ok: target === null || value <= target });
  };
  const sorted = (of) => runs.map(of).sort((a, b) => a - b);
  const at = (values, share) => values[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)];
  const [still, lost] = [sorted((run) => run.still), sorted((run) => run.lost * (1000 / 60))];
  add('pictures stand still, p50', at(still, 0.5), 'ms', null);
  add('pictures stand still, p95', at(still, 0.95), 'ms', null);
  add('pictures stand still, max', still.at(-1), 'ms', TARGET_MS);
  add('play lost, p50', at(lost, 0.5), 'ms', null);
  add('play lost, max', lost.at(-1), 'ms', TARGET_LOST_MS);
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(2)}`;
  for (const figure of figures) console.error(`${figure.name.padEnd(28)}${String(figure.value).padStart(8)} ${figure.unit}`);
  console.log(JSON.stringify({ bench: 'lost', machine, figures }));
  process.exitCode = figures.every((figure) => figure.ok) ? 0 : 1;
}
