// Re-executes a floodgate program under the pinned Node.js, where no shell did (`launch.sh`): on Windows, and where Node.js was
// given the program's file. Plain JavaScript for any Node.js from 20 up.
'use strict';
const { spawn } = require('node:child_process');
const { chooseCompileCache, isOnlyReading } = require('./compile-cache.js');
const { pinnedNode } = require('./pinned-node.js');
const { programFile, programs, root } = require('./programs.js');

/** @type {readonly NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Never returns; the exit code is the program's own.
 * @param {keyof typeof programs} name
 */
function launch(name) {
  let node;
  try {
    node = pinnedNode();
  } catch (error) {
    process.stderr.write(`${name}: ${/** @type {Error} */ (error).message}\n`);
    process.exit(2);
  }
  chooseCompileCache(root, process.env.NODE_COMPILE_CACHE, isOnlyReading(name, process.argv[2]));
  // As launch.sh: docs/decisions/one-arena.md.
  if (name === 'floodgate-agent') process.env.MALLOC_ARENA_MAX ??= '1';
  const args = [...programs[name].nodeArguments, programFile(name), ...process.argv.slice(2)];
  // One process, not a waiting parent of 45 MB before an agent of 70. Node.js before 22.15 has no execve(2).
  if (process.platform !== 'win32') process.execve?.(node, [node, ...args], process.env);
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`${name}: cannot start ${node}: ${error.message}\n`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

module.exports = { launch };
