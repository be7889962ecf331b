// Where Node.js keeps compiled modules between runs. Plain JavaScript: it must start under any Node.js from 20 up.
'use strict';
const { accessSync, constants, existsSync, mkdirSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { isTrustedFolder, makeTrustedFolder } = require('./trusted-folder.js');

/**
 * Without a cache every start strips the types of every source anew, with a compiler that takes 40 MB of resident memory: a
 * third of what the agent itself needs. What lies in a cache is executed: only folders count that are ours by owner and mode,
 * all the way up.
 * @param {string} root the package
 * @param {boolean} leavesNothing in the folder for temporary files
 */
function compileCache(root, leavesNothing) {
  const user = process.geteuid === undefined ? '' : `-${process.geteuid()}`;
  const folders = [
    path.join(root, 'node_modules', '.cache', 'floodgate'),
    path.join(os.homedir(), '.cache', 'floodgate'),
    // Where both are another user's, as in containers. The name is known to all, hence refused where it is not ours.
    ...(leavesNothing ? [] : [path.join(os.tmpdir(), `floodgate-cache${user}`)]),
  ];
  // Node.js looks for packages there, whoever runs it: only what lies in it is for its owner alone.
  makeOpenFolder(path.join(root, 'node_modules'));
  return folders.find((folder) => makeTrustedFolder(folder) && isWritable(folder));
}

/** @param {string} folder */
function makeOpenFolder(folder) {
  try {
    mkdirSync(folder, { mode: 0o755 });
  } catch {
    // It is there, or nothing can be written there.
  }
}

/** @param {string} folder */
function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Sets the environment of this process and of its children: the caller's choice, where it may be trusted or is not there yet;
 * else ours; else none, whatever programs below choose.
 * @param {string} root the package
 * @param {string | undefined} asked
 * @param {boolean} [leavesNothing] a command that is run once on a machine of somebody else's (`isOnlyReading`)
 * @returns {string | undefined} the folder
 */
function chooseCompileCache(root, asked, leavesNothing = false) {
  const cache = asked && (!existsSync(asked) || isTrustedFolder(asked)) ? asked : compileCache(root, leavesNothing);
  if (cache !== undefined) process.env.NODE_COMPILE_CACHE = cache;
  else {
    delete process.env.NODE_COMPILE_CACHE;
    process.env.NODE_DISABLE_COMPILE_CACHE = '1';
  }
  return cache;
}

/**
 * `floodgate verify` reads a bundle, and leaves nothing behind.
 * @param {string | undefined} name of the program
 * @param {string | undefined} command its first argument
 */
function isOnlyReading(name, command) {
  return name === 'floodgate' && command === 'verify';
}

module.exports = { chooseCompileCache, isOnlyReading };
