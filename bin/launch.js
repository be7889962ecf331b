// Re-executes a floodgate program under the pinned Node.js. Plain JavaScript for any Node.js from 20 up.
'use strict';
const { spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const path = require('node:path');
const { pinnedNode } = require('./pinned-node.js');

/**
 * Runs `dist/<entry>.js` where it was built (published packages: Node.js strips no types under node_modules),
 * else `<entry>.ts` as it is. Never returns; the exit code is the program's own.
 */
function launch(name, entry, nodeArguments = []) {
  const root = path.dirname(__dirname);
  const source = path.join(root, `${entry}.ts`);
  const program =
    existsSync(source) && !root.split(path.sep).includes('node_modules')
      ? source
      : path.join(root, 'dist', `${entry}.js`);
  let node;
  try {
    node = pinnedNode();
  } catch (error) {
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exit(2);
  }
  const args = [...nodeArguments, program, ...process.argv.slice(2)];
  // execve keeps one process where the starting Node.js has it; otherwise the child gets our signals.
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(node, [node, ...args], process.env);
  }
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
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
