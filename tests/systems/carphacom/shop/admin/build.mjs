// SPDX-License-Identifier: Apache-2.0
// Bundles src/ into dist/, and stamps it with the release that it was built from.
import { build } from 'esbuild';
import { readFileSync, writeFileSync } from 'node:fs';

const version = readFileSync('../VERSION', 'utf8').trim();
await build({
  entryPoints: ['src/main.jsx'],
  outfile: 'dist/main.js',
  bundle: true,
  minify: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  define: { VERSION: JSON.stringify(version) },
});
writeFileSync('dist/index.html', '<!doctype html><title>CarphaCom</title><div id="app"></div><script src="/main.js"></script>\n');
writeFileSync('dist/built.json', JSON.stringify({ version }) + '\n');
