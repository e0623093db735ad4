// Two bundles, each a build of its own: the player (`vite build --mode player` makes `/player.js`, one file, embeddable in any page) and the
// catalogue, a single page that is served for every path and loads that same `/player.js`.
//
// The player keeps its plain name, so that a page elsewhere can name it; everything else carries a hash and may be cached for ever.

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => new URL(path, import.meta.url).pathname;
/** The server that `npm run dev` asks for data. */
const API = process.env.PLAYFIELD_API ?? 'http://localhost:8080';

const player = {
  emptyOutDir: false,
  copyPublicDir: false,
  rollupOptions: {
    input: here('src/player/index.ts'),
    preserveEntrySignatures: 'strict' as const,
    output: { entryFileNames: 'player.js' },
  },
};

export default defineConfig(({ mode, command }) => ({
  plugins: [svelte(), ...(mode === 'fake' ? [fake()] : []), ...(command === 'build' && mode !== 'player' ? [playerApart()] : [])],
  server: { proxy: mode === 'fake' ? {} : { '/api': API } },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    ...(mode === 'player' ? player : {}),
  },
  worker: { format: 'es' as const },
  test: { include: ['src/**/*.test.ts'] },
}));

/** The catalogue's build leaves the player out and loads it by its address, together with itself. */
function playerApart(): Plugin {
  return {
    name: 'playfield-player-apart',
    enforce: 'pre',
    resolveId: (source) => (/\/player$/.test(source) ? { id: '/player.js', external: true } : null),
    transformIndexHtml: () => [{ tag: 'link', attrs: { rel: 'modulepreload', href: '/player.js' }, injectTo: 'head' }],
  };
}

/** Puts a made-up server into the page (`dev/fake.ts`), for working on the looks without a real one. */
function fake(): Plugin {
  return {
    name: 'playfield-fake',
    transformIndexHtml: () => [{ tag: 'script', attrs: { type: 'module', src: '/dev/fake.ts' }, injectTo: 'head-prepend' }],
  };
}
