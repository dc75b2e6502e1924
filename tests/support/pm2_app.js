// SPDX-License-Identifier: Apache-2.0
// A web application for tests of service managers: tells its version, process and folders. BOOT_DELAY in ms.
const fs = require('fs'), http = require('http'), path = require('path');
const version = fs.readFileSync(path.join(__dirname, 'VERSION'), 'utf8').trim();
let closing = false;
const server = http.createServer((request, response) => {
  if (closing) response.setHeader('Connection', 'close');
  response.end(JSON.stringify({version, pid: process.pid, cwd: process.cwd(), pwd: process.env.PWD || '', word: process.env.WORD || '',
    node_env: process.env.NODE_ENV || ''}) + '\n');
});
if (process.env.PORT) setTimeout(() => server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send && process.send('ready')), Number(process.env.BOOT_DELAY || 0));
else setInterval(() => {}, 1000);
const stop = () => { closing = true; server.close(() => process.exit(0)); server.closeIdleConnections && server.closeIdleConnections(); if (!process.env.PORT) process.exit(0); };
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
