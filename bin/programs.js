// The programs of this package, and the files they run. Plain JavaScript: it must start under any Node.js from 20 up.
'use strict';
const { existsSync } = require('node:fs');
const path = require('node:path');

/** The package. */
const root = path.dirname(__dirname);

/**
 * By name: the source file, what is built of it, and V8's settings, which `launch.sh` has too.
 * @satisfies {Readonly<Record<string, { entry: string, built: string, nodeArguments: readonly string[] }>>}
 */
const programs = {
  floodgate: {
    entry: 'harness/cli',
    built: 'harness/cli',
    // A configuration in a project of CommonJS is a module all the same.
    nodeArguments: ['--disable-warning=ExperimentalWarning', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'],
  },
  'floodgate-agent': {
    entry: 'agent/main',
    built: 'agent-bundle/main',
    nodeArguments: require('../agent/node-arguments.json'),
  },
};

/**
 * `<entry>.ts` as it is where there are sources, else `dist/<built>.js` (published packages: Node.js strips no types under
 * node_modules).
 * @param {keyof typeof programs} name
 */
function programFile(name) {
  const { entry, built } = programs[name];
  const source = path.join(root, `${entry}.ts`);
  const isSource = existsSync(source) && !root.split(path.sep).includes('node_modules');
  return isSource ? source : path.join(root, 'dist', `${built}.js`);
}

module.exports = { programFile, programs, root };
