// What the player says in WebKitGTK, by its own WebDriver: a look for a person, and no part of the tests. Debian's is built without WebRTC, so
// the player must say that it cannot play.
//
//   apt-get install webkit2gtk-driver xvfb
//   xvfb-run node tests/browser/webkit.mjs --url http://localhost:8080 --title probe

import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

const MINI_BROWSER = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';
const PORT = 4477;

const { values: options } = parseArgs({
  options: { url: { type: 'string', default: 'http://localhost:8080' }, title: { type: 'string', default: 'probe' } },
});

const driver = spawn('WebKitWebDriver', [`--port=${PORT}`], { stdio: 'inherit' });
try {
  await listening();
  const options = { binary: process.env.WEBKIT ?? MINI_BROWSER, args: ['--automation'] };
  const { sessionId, capabilities } = await ask('POST', '/session', { capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } } });
  console.log(`${capabilities.browserName} ${capabilities.browserVersion}`);
  await look(`/session/${sessionId}`);
  await ask('DELETE', `/session/${sessionId}`);
} finally {
  driver.kill();
}

async function look(session) {
  const run = (script) => ask('POST', `${session}/execute/sync`, { script, args: [] });
  await ask('POST', `${session}/url`, { url: `${options.url}/play/${options.title}` });
  let player = null;
  while (!player || ['idle', 'opening'].includes(player.state)) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    player = await run(`
      const player = document.querySelector('playfield-player');
      return player && { state: player.state, said: player.shadowRoot.querySelector('.card.end')?.innerText, lacks: player.lacks };`);
  }
  console.log(`${player.state}: ${player.said?.replaceAll('\n', ' / ') ?? 'it plays'}`);
  for (const { name, means } of player.lacks) console.log(`- ${name}: ${means}`);
}

async function ask(method, path, body) {
  const response = await fetch(`http://127.0.0.1:${PORT}${path}`, { method, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (value?.error) throw new Error(`${path}: ${value.error}: ${value.message}`);
  return value;
}

async function listening() {
  for (let attempt = 0; ; attempt++) {
    const there = await fetch(`http://127.0.0.1:${PORT}/status`).then(() => true, () => false);
    if (there) return;
    if (attempt === 50) throw new Error('WebKitWebDriver does not answer');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
