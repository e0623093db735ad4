// Screenshots of every state at every width, light and dark, against the made-up server: `npm run shots -- FOLDER [FILTER]`.

import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';

const [folder = 'shots', filter = ''] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const HOME = [360, 768, 1280, 1920];
const waitHome = (page) => page.waitForSelector('.shelf a');
const playing = async (page) => {
  await page.waitForFunction(() => document.querySelector('playfield-player')?.stats().pictures > 5);
};
const menu = async (page) => {
  await playing(page);
  await page.keyboard.press('Escape');
};
/** Opens the menu and the pages under it, by what their rows are called. */
const open = async (page, ...rows) => {
  await playing(page);
  await page.locator('playfield-player [aria-label=Menu]').dispatchEvent('click');
  for (const name of rows) await page.getByRole('button', { name }).click();
};
const touch = { hasTouch: true, isMobile: true };

const STATES = [
  { name: 'home', path: '/', widths: HOME, ready: waitHome },
  { name: 'focus', path: '/', widths: [1280], ready: async (page) => { await waitHome(page); for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(key); await page.waitForTimeout(400); } },
  { name: 'details', path: '/', widths: [360, 1280], ready: async (page) => { await waitHome(page); await page.keyboard.press('i'); } },
  { name: 'search', path: '/', widths: [1280], ready: async (page) => { await waitHome(page); await page.fill('input[type=search]', 'zzz'); } },
  { name: 'empty', path: '/?fake=empty', widths: [360, 1280] },
  { name: 'one', path: '/?fake=one', widths: [1280], ready: waitHome },
  { name: 'down', path: '/?fake=down', widths: [360, 1280] },
  { name: 'slow', path: '/?fake=slow', widths: [1280] },
  { name: 'sign-in', path: '/?fake=auth', widths: [360, 1280] },
  { name: 'play', path: '/play/amber-dunes', widths: [1280], ready: playing },
  { name: 'menu', path: '/play/cold-orbit', widths: [360, 1280], ready: menu },
  { name: 'stats', path: '/play/cold-orbit', widths: [1280], ready: async (page) => { await menu(page); await page.getByText('Statistics').click(); await page.mouse.move(600, 400); await page.waitForTimeout(1500); } },
  { name: 'slow-stats', path: '/play/cold-orbit?fake=far', widths: [390, 1280], ready: async (page) => { await menu(page); await page.getByText('Statistics').click(); await page.waitForTimeout(1500); } },
  { name: 'title-settings', path: '/play/amber-dunes?fake=retro', widths: [390, 844, 1280], ready: async (page) => { await open(page, 'Title settings', /^Picture \d/); await page.getByRole('button', { name: 'About Colours' }).click(); } },
  { name: 'title-settings-list', path: '/play/amber-dunes?fake=retro', widths: [390, 1280], ready: (page) => open(page, 'Title settings', /^Disk in/) },
  { name: 'title-settings-search', path: '/play/amber-dunes?fake=retro', widths: [390, 1280], ready: async (page) => { await open(page, 'Title settings'); await page.locator('playfield-player .search').fill('picture'); } },
  { name: 'notices', path: '/play/amber-dunes?fake=retro', widths: [390, 1280], ready: async (page) => { await playing(page); await page.evaluate(() => ['Saved.', 'Side B of the disk is in the drive; press a button when the title asks for it.', 'Saved.', 'Fast.', 'Not seen yet.'].forEach((text) => fakeNode().notice(text))); } },
  { name: 'picture', path: '/play/amber-dunes', widths: [390, 1280], ready: (page) => open(page, 'Picture and sound') },
  { name: 'states-load', path: '/play/cold-orbit', widths: [360, 768, 1440], ready: async (page) => { await open(page, 'Load state'); await page.waitForSelector('playfield-player .slot img'); } },
  { name: 'states-save', path: '/play/cold-orbit', widths: [360, 1440], ready: async (page) => { await open(page, 'Save state'); await page.waitForSelector('playfield-player .slot img'); await page.locator('playfield-player .slot').nth(1).click(); } },
  { name: 'states-none', path: '/play/cold-orbit?fake=unsaved', widths: [360, 1440], ready: (page) => open(page, 'Save state') },
  { name: 'people', path: '/play/cold-orbit?fake=party', widths: [360, 768, 1440], ready: (page) => open(page, 'People') },
  { name: 'people-alone', path: '/play/brick-weather', widths: [360], ready: (page) => open(page, 'People') },
  { name: 'person', path: '/play/cold-orbit?fake=party', widths: [360, 768, 1440], ready: async (page) => { await open(page, 'People', /Wilhelmina/); await page.getByRole('button', { name: 'Remove' }).click(); } },
  { name: 'invite', path: '/play/cold-orbit', widths: [360, 768, 1440], ready: (page) => open(page, 'People', 'Invite') },
  { name: 'invite-made', path: '/play/brick-weather', widths: [390, 844, 1280], ready: async (page) => { await open(page, 'People', 'Invite', 'Make a link'); await page.waitForSelector('.link'); await page.getByRole('button', { name: 'Copy' }).click(); } },
  { name: 'join', path: '/join#secret', widths: [360, 768, 1440], ready: (page) => page.waitForSelector('article .art') },
  { name: 'join-watch', path: '/join?fake=guest#secret', widths: [390], ready: (page) => page.waitForSelector('article .art') },
  { name: 'join-late', path: '/join?fake=late#secret', widths: [390, 1280], ready: (page) => page.waitForSelector('article h1') },
  { name: 'join-taken', path: '/join?fake=taken#secret', widths: [390], ready: (page) => page.waitForSelector('article .art') },
  { name: 'bindings', path: '/play/amber-dunes', widths: [390, 820, 1280], ready: (page) => open(page, 'Controls', 'Keys and buttons') },
  { name: 'browser', path: '/play/amber-dunes', widths: [390, 1280], ready: (page) => open(page, 'This browser') },
  { name: 'touch-page', path: '/play/amber-dunes', widths: [390, 844], height: 844, ready: (page) => open(page, 'Controls', 'Touch screen'), context: touch },
  { name: 'touch', path: '/play/amber-dunes', widths: [360], ready: playing, context: touch },
  { name: 'touch-wide', path: '/play/amber-dunes', widths: [780], height: 360, ready: playing, context: touch },
  { name: 'end', path: '/play/amber-dunes?fake=ends:guestTrap', widths: [360, 1280], ready: (page) => page.waitForSelector('.card.end') },
  { name: 'end-receipt', path: '/play/amber-dunes?fake=ends:guestTrap', widths: [360, 1280], ready: async (page) => { await page.waitForSelector('.card.end'); await page.getByRole('button', { name: 'Where the time went' }).click(); await page.waitForSelector('.receipt'); } },
  { name: 'receipt', path: '/play/cold-orbit', widths: [360, 1280], ready: async (page) => { await open(page, 'Where the time went'); await page.waitForSelector('.receipt'); } },
  { name: 'limit', path: '/play/amber-dunes?fake=limit', widths: [1280], ready: (page) => page.waitForSelector('.card.end') },
];

const server = await createServer({ mode: 'fake', server: { port: 0 }, logLevel: 'error' });
await server.listen();
const base = server.resolvedUrls.local[0].replace(/\/$/, '');
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-quic', '--no-first-run', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];
const profile = mkdtempSync(join(tmpdir(), 'playfield-shots-'));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...args, `--disk-cache-dir=${profile}`] });

for (const state of STATES.filter(({ name }) => name.includes(filter))) {
  for (const width of state.widths) {
    for (const colorScheme of state.name === 'home' || state.name === 'sign-in' || state.name === 'details' || state.name.startsWith('join') || state.name.startsWith('pe') || state.name === 'invite' ? ['dark', 'light'] : ['dark']) {
      const height = state.height ?? Math.min(1080, Math.max(740, Math.round(width * 0.5625)));
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, ...state.context });
      const page = await context.newPage();
      page.on('pageerror', (error) => console.error(`${state.name} ${width}: ${error.message}`));
      page.on('console', (message) => message.type() === 'error' && console.error(`${state.name} ${width}: ${message.text()}`));
      await page.goto(base + state.path);
      await (state.ready?.(page) ?? page.waitForTimeout(900)).catch((error) => console.error(`${state.name} ${width}: ${error.message}`));
      await page.waitForTimeout(350);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      if (wide) console.error(`${state.name} ${width}: wider than the window`);
      await page.screenshot({ path: join(folder, `${state.name}-${width}-${colorScheme}.png`) });
      await context.close();
    }
  }
}
await browser.close();
await server.close();
