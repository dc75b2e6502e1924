// SPDX-License-Identifier: Apache-2.0
// Somebody else's application under the same PM2. It must never notice an upgrade of the shop.
'use strict';
require('http').createServer((_, response) => response.end('hello\n')).listen(Number(process.env.PORT), '127.0.0.1');
