// SPDX-License-Identifier: Apache-2.0
// Bundles src/ into dist/ as real applications do, and stamps it with the release that it was built from.
import { build } from 'vite';
import { readFileSync, writeFileSync } from 'node:fs';

const version = readFileSync('../VERSION', 'utf8').trim();
await build({
  logLevel: 'warn',
  define: { VERSION: JSON.stringify(version), 'process.env.NODE_ENV': '"production"' },
  esbuild: { jsx: 'automatic' },
  build: { lib: { entry: 'src/main.jsx', formats: ['es'], fileName: () => 'main.js' }, outDir: 'dist', minify: 'esbuild' },
});
writeFileSync('dist/index.html', '<!doctype html><title>CarphaCom</title><div id="app"></div><script type="module" src="/main.js"></script>\n');
writeFileSync('dist/built.json', JSON.stringify({ version }) + '\n');
