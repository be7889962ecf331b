// Re-executes a floodgate program under the pinned Node.js. Plain JavaScript for any Node.js from 20 up.
'use strict';
const { spawn } = require('node:child_process');
const { accessSync, constants, existsSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pinnedNode } = require('./pinned-node.js');
const { isTrustedFolder, makeTrustedFolder } = require('./trusted-folder.js');

const F_SETFD = 2;
/** @type {readonly NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Where Node.js keeps compiled modules between runs. Without it every start strips the types of every source anew, with a
 * compiler that takes 40 MB of resident memory: a third of what the agent itself needs. What lies in a cache is executed:
 * only folders count that are ours by owner and mode, all the way up.
 * @param {string} root the package
 */
function compileCache(root) {
  const user = process.geteuid === undefined ? '' : `-${process.geteuid()}`;
  const folders = [
    path.join(root, 'node_modules', '.cache', 'floodgate'),
    path.join(os.homedir(), '.cache', 'floodgate'),
    // Where both are another user's, as in containers. The name is known to all, hence refused where it is not ours.
    path.join(os.tmpdir(), `floodgate-cache${user}`),
  ];
  return folders.find((folder) => makeTrustedFolder(folder) && isWritable(folder));
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
 * The caller's choice, where it may be trusted or is not there yet; else ours; else none, whatever programs below choose.
 * @param {string} root the package
 */
function chooseCompileCache(root) {
  const asked = process.env.NODE_COMPILE_CACHE;
  const cache = asked && (!existsSync(asked) || isTrustedFolder(asked)) ? asked : compileCache(root);
  if (cache !== undefined) process.env.NODE_COMPILE_CACHE = cache;
  else {
    delete process.env.NODE_COMPILE_CACHE;
    process.env.NODE_DISABLE_COMPILE_CACHE = '1';
  }
}

/**
 * execve(2): never returns where it succeeds. Where neither way exists the caller starts a child, which gets our signals.
 * @param {string} file @param {string[]} argv
 */
function replaceProcess(file, argv) {
  if (typeof process.execve === 'function') return process.execve(file, argv, process.env);
  if (process.platform !== 'linux') return;
  // Node.js before 22.15 has no execve; the agent's foreign-function package does.
  try {
    const libc = require('koffi').load('libc.so.6');
    const execve = libc.func('int execve(const char *, const char **, const char **)');
    const fcntl = libc.func('int fcntl(int, int, ...)');
    const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
    // Node.js had its standard streams closed on exec.
    for (const stream of [0, 1, 2]) fcntl(stream, F_SETFD, 'int', 0);
    execve(file, [...argv, null], [...environment, null]);
  } catch {
    // Another C library, or no prebuilt binary.
  }
}

/**
 * Runs `<entry>.ts` as it is where there are sources, else `dist/<built>.js` (published packages: Node.js strips no types
 * under node_modules). Never returns; the exit code is the program's own.
 * @param {string} name @param {string} entry
 * @param {{ built?: string, nodeArguments?: readonly string[] }} [options]
 */
function launch(name, entry, { built = entry, nodeArguments = [] } = {}) {
  const root = path.dirname(__dirname);
  const source = path.join(root, `${entry}.ts`);
  const program =
    existsSync(source) && !root.split(path.sep).includes('node_modules')
      ? source
      : path.join(root, 'dist', `${built}.js`);
  let node;
  try {
    node = pinnedNode();
  } catch (error) {
    process.stderr.write(`${name}: ${/** @type {Error} */ (error).message}\n`);
    process.exit(2);
  }
  chooseCompileCache(root);
  const args = [...nodeArguments, program, ...process.argv.slice(2)];
  // One process, not a waiting parent of 45 MB before an agent of 70.
  if (process.platform !== 'win32') replaceProcess(node, [node, ...args]);
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
