// SPDX-License-Identifier: Apache-2.0
// The shop's API: POST /orders {key, total}, GET /orders/KEY, GET /health. An order is acknowledged after its commit.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const { Pool } = require('pg');
const settings = require('./settings').load(path.join(__dirname, '..'));
const traits = require('./release.json'); // what this release expects of the schema

const version = fs.readFileSync(path.join(__dirname, '..', 'VERSION'), 'utf8').trim();
if (traits.throws_at_boot) throw new Error('cannot read the configuration of the payment module');

const pool = new Pool({ connectionString: settings.DATABASE_URL, max: 4, connectionTimeoutMillis: 3000, application_name: 'carphacom' });
pool.on('error', () => {}); // an idle connection that the server ended; the next query opens another
const column = traits.total_column;
let closing = false;

async function health() {
  const schema = await pool.query('select max(number)::text as schema from shop_migrations');
  await pool.query(`select ${column} from orders limit 1`);
  return { ok: true, service: 'backend', version, schema: schema.rows[0].schema };
}

async function add(body) {
  const { key, total } = JSON.parse(body);
  const result = await pool.query(`insert into orders (key, ${column}) values ($1, $2) returning id`, [key, total]);
  return { id: Number(result.rows[0].id), key, version };
}

async function find(key) {
  const result = await pool.query(`select id, key, ${column} as total from orders where key = $1`, [key]);
  return result.rows[0];
}

async function answer(request, body) {
  if (request.url === '/health') return [200, await health()];
  if (request.method === 'POST' && request.url === '/orders') return [201, await add(body)];
  const match = /^\/orders\/([\w-]+)$/.exec(request.url);
  const order = match && (await find(match[1]));
  return order ? [200, order] : [404, { error: 'no such page' }];
}

const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', async () => {
    let [status, document] = [503, {}];
    try {
      [status, document] = await answer(request, body);
    } catch (error) {
      document = { ok: false, service: 'backend', version, error: error.message };
    }
    if (closing) response.setHeader('Connection', 'close');
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(document));
  });
});

server.listen(Number(settings.PORT), '127.0.0.1', () => process.send && process.send('ready'));
// Connections that the cluster's parent handed over just before the close are still in the pipe: leave a moment for them.
process.on('SIGINT', () => {
  closing = true;
  server.close(() => setTimeout(() => pool.end().finally(() => process.exit(0)), 300));
  server.closeIdleConnections();
});
