// SPDX-License-Identifier: Apache-2.0
// Serves what `npm run build` made; without a build there is no health.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');

const dist = path.join(__dirname, 'dist');
const types = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json' };
const traits = require('./release.json');

function health() {
  const { version } = JSON.parse(fs.readFileSync(path.join(dist, 'built.json'), 'utf8'));
  const ok = fs.existsSync(path.join(dist, 'main.js')) && !traits.unwell;
  return [ok ? 200 : 503, JSON.stringify({ ok, service: 'admin', version })];
}

const server = http.createServer((request, response) => {
  let [status, body, type] = [404, 'no such page', 'text/plain'];
  try {
    if (request.url === '/health') {
      [status, body] = health();
      type = 'application/json';
    } else {
      const file = path.join(dist, path.normalize(request.url === '/' ? '/index.html' : request.url));
      [status, body, type] = [200, fs.readFileSync(file), types[path.extname(file)] || 'application/octet-stream'];
    }
  } catch (error) {
    if (request.url === '/health') status = 503;
  }
  response.writeHead(status, { 'Content-Type': type });
  response.end(body);
});

server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send && process.send('ready'));
// Connections that the cluster's parent handed over just before the close are still in the pipe: leave a moment for them.
process.on('SIGINT', () => {
  server.close(() => setTimeout(() => process.exit(0), 300));
  server.closeIdleConnections();
});
