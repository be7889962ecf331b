// Whether what lies in a folder may be executed. Plain JavaScript: it must start under any Node.js from 20 up.
'use strict';
const { lstatSync, mkdirSync, readdirSync, realpathSync } = require('node:fs');
const path = require('node:path');

const writableByOthers = 0o022;
const sticky = 0o1000;

/**
 * Our own or root's. Windows keeps its folders by other means than owner and mode.
 * @param {import('node:fs').Stats} stats
 */
function isOurs(stats) {
  return process.geteuid === undefined || stats.uid === process.geteuid() || stats.uid === 0;
}

/** @param {import('node:fs').Stats} stats */
function isPrivate(stats) {
  return process.geteuid === undefined || (stats.mode & writableByOthers) === 0;
}

/**
 * A folder of ours that no other user can put anything into, nor any folder in the place of: it, what it holds, and all that
 * lead to it belong to us or root, and only a sticky one on the way (such as /tmp) may be written to by others.
 * @param {string} folder
 */
function isTrustedFolder(folder) {
  try {
    const real = realpathSync(folder);
    const stats = lstatSync(real);
    if (!stats.isDirectory() || !isOurs(stats) || !isPrivate(stats)) return false;
    for (let above = path.dirname(real); ; above = path.dirname(above)) {
      const its = lstatSync(above);
      if (!isOurs(its) || !(isPrivate(its) || (its.mode & sticky) !== 0)) return false;
      if (path.dirname(above) === above) break;
    }
    const isClosed = (stats.mode & 0o077) === 0;
    return readdirSync(real).every((name) => {
      const its = lstatSync(path.join(real, name));
      // Behind a folder that no other user may enter, modes say nothing: Node.js makes its own as the umask says.
      return isOurs(its) && (isClosed || isPrivate(its)) && !its.isSymbolicLink();
    });
  } catch {
    return false;
  }
}

/**
 * Makes a folder for its owner alone where it is not there.
 * @param {string} folder
 * @returns whether it is there and may be trusted
 */
function makeTrustedFolder(folder) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    return false;
  }
  return isTrustedFolder(folder);
}

module.exports = { isTrustedFolder, makeTrustedFolder };
