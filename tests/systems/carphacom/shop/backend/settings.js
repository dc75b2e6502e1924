// SPDX-License-Identifier: Apache-2.0
// The operator's `.env` at the release's root; what the process was started with wins.
'use strict';
const fs = require('fs');
const path = require('path');

function load(folder) {
  const settings = {};
  const file = path.join(folder, '.env');
  if (fs.existsSync(file)) {
    for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
      const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
      if (match) settings[match[1]] = match[2].trim().replace(/^(['"])(.*)\1$/, '$2');
    }
  }
  return { ...settings, ...process.env };
}

module.exports = { load };
