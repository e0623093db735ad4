// The browser that tests and measurements play in: how it is started, and what they need of a page.

import { createRequire } from 'node:module';

// The browser's driver is a dependency of `web`; this folder has none of its own.
const { chromium } = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core');

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

/** Clicks a title on the catalogue, as a person would. */
export async function clickTitle(page, title) {
  await page.locator(`a[data-title="${title}"]`).click();
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
