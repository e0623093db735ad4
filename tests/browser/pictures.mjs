// Makes the pictures of the book anew, from a server that serves the titles of the tree:
//
//   node tests/browser/pictures.mjs --url http://localhost:8080 --out docs/pictures
//
// Each is a screenshot of the real thing, as WebP. Games are played by keys, so no two are alike; look at them before they are kept.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { launch } from './browser.mjs';

const { values: options } = parseArgs({
  options: { url: { type: 'string', default: 'http://localhost:8080' }, out: { type: 'string', default: 'docs/pictures' }, only: { type: 'string' } },
});

const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };

const PICTURES = [
  { name: 'catalogue', path: '/', device: DESKTOP, quality: 70, ready: catalogue },
  { name: 'gloamling', path: '/play/gloamling', device: DESKTOP, quality: 60, ready: gloamling },
  { name: 'overlay', path: '/play/gloamling', device: DESKTOP, quality: 60, ready: overlay },
  { name: 'receipt', path: '/play/gloamling', device: { viewport: { width: 640, height: 610 } }, quality: 70, ready: receipt },
  { name: 'phone', path: '/play/ramshackle', device: PHONE, quality: 70, ready: phone },
];

const browser = await launch();
for (const picture of PICTURES.filter(({ name }) => !options.only || options.only === name)) await shoot(picture);
await browser.close();

async function shoot({ name, path, device, quality, ready }) {
  const context = await browser.newContext({ ...device, colorScheme: 'dark' });
  const page = await context.newPage();
  await page.goto(options.url + path);
  await ready(page);
  const { data } = await (await context.newCDPSession(page)).send('Page.captureScreenshot', { format: 'webp', quality });
  const bytes = Buffer.from(data, 'base64');
  writeFileSync(join(options.out, `${name}.webp`), bytes);
  console.log(`${name}.webp  ${Math.round(bytes.length / 1000)} kB`);
  // The session makes room for the next.
  await page.evaluate(() => document.querySelector('playfield-player')?.stop());
  await context.close();
}

async function catalogue(page) {
  await page.locator('a[data-title] img').first().waitFor();
  await page.waitForFunction(() => [...document.images].every((image) => image.complete));
  await page.waitForTimeout(1000);
}

/** Waits for pictures of the running title. */
async function playing(page) {
  await page.waitForFunction(() => document.querySelector('playfield-player')?.stats().pictures > 30, null, { timeout: 30_000 });
}

/** Holds keys one after the other, each for so many milliseconds. */
async function hold(page, ...keys) {
  for (const [key, ms] of keys) {
    await page.keyboard.down(key);
    await page.waitForTimeout(ms);
    await page.keyboard.up(key);
    await page.waitForTimeout(60);
  }
}

async function gloamling(page) {
  await playing(page);
  await night(page);
  await page.mouse.move(640, 799);
}

async function overlay(page) {
  await playing(page);
  await menu(page);
  await page.getByRole('switch', { name: 'Statistics' }).click();
  await page.keyboard.press('Escape');
  await night(page);
  await page.mouse.move(640, 799);
}

/** Some seconds of loops. */
async function night(page) {
  await hold(page, ['KeyX', 80]);
  for (let i = 0; i < 3; i++) await hold(page, ['ArrowRight', 500], ['ArrowDown', 400], ['ArrowLeft', 500], ['ArrowUp', 400]);
  await page.keyboard.down('ArrowRight');
  await page.waitForTimeout(300);
}

async function receipt(page) {
  await playing(page);
  await night(page);
  await menu(page);
  await page.getByRole('button', { name: 'Where the time went' }).click();
  await page.locator('.receipt').waitFor();
  await page.waitForTimeout(1500);
}

async function phone(page) {
  await playing(page);
  await hold(page, ['KeyX', 80], ['ArrowRight', 500], ['ArrowDown', 400]);
  await page.waitForTimeout(300);
}

function menu(page) {
  return page.locator('playfield-player [aria-label=Menu]').dispatchEvent('click');
}
