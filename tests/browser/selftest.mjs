// Runs the self-test page, `/test`: from an input to the picture that shows it, on a local canvas and through the server.
//
//   node tests/browser/selftest.mjs --url http://localhost:8080 --inputs 100
//
// Prints a benchmark's JSON on standard output, and a table for people on standard error.

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { launch, selfTest } from './browser.mjs';

const { values: options } = parseArgs({
  options: { url: { type: 'string', default: 'http://localhost:8080' }, inputs: { type: 'string', default: '100' }, raw: { type: 'boolean', default: false } },
});

const browser = await launch();
const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
await page.goto(`${options.url}/test?inputs=${options.inputs}`);
const result = await selfTest(page);
await browser.close();
if (options.raw) console.error(JSON.stringify(result, null, 1));
report(result);

function report({ floor, stream, lost, refresh_ms, over_floor_p50_ms, over_floor_p95_ms, target_ms, receipt, verdict }) {
  const figures = [];
  const add = (name, value, target = null, unit = 'ms') => {
    value = Math.round(value * 100) / 100;
    figures.push({ name, value, unit, target, better: 'lower', ok: target === null || value <= target });
  };
  add('local canvas: event to picture, p50', floor.p50_ms);
  add('local canvas: event to picture, p95', floor.p95_ms);
  add('stream: event to picture, p50', stream.p50_ms);
  add('stream: event to picture, p95', stream.p95_ms);
  add('over the local canvas, p50', over_floor_p50_ms, target_ms);
  add('over the local canvas, p95', over_floor_p95_ms);
  add('inputs without a picture', lost, 0, '');
  add('between two refreshes of the display', refresh_ms);
  for (const stage of receipt?.stages ?? []) {
    add(`receipt: ${stage.name}, p50`, stage.p50_ms);
    add(`receipt: ${stage.name}, p95`, stage.p95_ms);
  }
  for (const { name, value, unit, target } of figures) console.error(`${name.padEnd(44)}${value.toFixed(2).padStart(9)} ${unit}${target === null ? '' : `  target ${target}`}`);
  console.error(verdict);
  console.log(JSON.stringify({ bench: 'selftest', machine: machine(), figures }));
  process.exitCode = figures.every((figure) => figure.ok) ? 0 : 1;
}

/** The machine in words, as `playfield bench` gives it. */
function machine() {
  const model = cpus()[0]?.model ?? /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown processor';
  return `${model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(2)}`;
}
