// `launch.sh` starts this under the pinned Node.js, with a program's name before its arguments: chooses the compile cache, which
// is no task for a shell, and goes on as that program.
'use strict';
const { closeSync, readFileSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { pathToFileURL } = require('node:url');
const { chooseCompileCache, isOnlyReading } = require('./compile-cache.js');
const { programFile, root } = require('./programs.js');

// Node.js would have read what lies there before this file is.
const asked = process.env.FLOODGATE_COMPILE_CACHE;
delete process.env.FLOODGATE_COMPILE_CACHE;
const cache = chooseCompileCache(root, asked, isOnlyReading(process.argv[2], process.argv[3]));
if (cache !== undefined) enableCompileCache(cache);
// Set here it is in no place that another process reads; who asks for it takes it away again (`session.ts`).
const from = process.env.FLOODGATE_KEY_PASSPHRASE_FROM;
delete process.env.FLOODGATE_KEY_PASSPHRASE_FROM;
if (from === '9') {
  process.env.FLOODGATE_KEY_PASSPHRASE = readFileSync(9, 'utf8').replace(/\n$/, '');
  closeSync(9);
}
const file = programFile(/** @type {Parameters<typeof programFile>[0]} */ (process.argv[2]));
process.argv.splice(1, 2, file);
import(pathToFileURL(file).href);
