#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// `medusa db:migrate` runs the migrations that this database has not seen; `medusa db:pending` names them.
// The project is the folder that it is called in, since npm links or copies this package as it likes.
// A session lock keeps two of them apart and dies with its session.
'use strict';
const fs = require('fs');
const path = require('path');
const { Client } = require('pg');

const project = process.cwd();
const settings = require(path.join(project, 'settings.js')).load(path.dirname(project));
const folder = path.join(project, 'migrations');
const LOCK = 7244011;

function all() {
  return fs.readdirSync(folder).sort().map((file) => ({ number: Number(file.slice(0, 4)), name: path.basename(file, '.json'), ...JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')) }));
}

async function pending(client) {
  const known = await client.query("select to_regclass('shop_migrations') is not null as there");
  const done = known.rows[0].there ? (await client.query('select number from shop_migrations')).rows.map((row) => row.number) : [];
  return all().filter((migration) => !done.includes(migration.number));
}

async function run(client, migration) {
  if (migration.transaction) await client.query('begin');
  for (const statement of migration.statements) await client.query(statement);
  await client.query('insert into shop_migrations (number, name) values ($1, $2)', [migration.number, migration.name]);
  if (migration.transaction) await client.query('commit');
  console.log(`migrated ${migration.name}`);
}

async function migrate(client) {
  await client.query('select pg_advisory_lock($1)', [LOCK]);
  await client.query('create table if not exists shop_migrations (number integer primary key, name text not null, at timestamptz not null default now())');
  for (const migration of await pending(client)) await run(client, migration);
}

async function main(verb) {
  const client = new Client({ connectionString: settings.DATABASE_URL, connectionTimeoutMillis: 5000, application_name: 'medusa' });
  await client.connect();
  if (verb === 'db:migrate') await migrate(client);
  else if (verb === 'db:pending') for (const migration of await pending(client)) console.log(migration.name);
  else throw new Error(`unknown command '${verb}'`);
  await client.end();
}

main(process.argv[2]).catch((error) => {
  console.error(`medusa: ${error.message}`);
  process.exit(1);
});
