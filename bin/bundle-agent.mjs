// The published agent in few files: finding and linking 90 modules takes Node.js 60 ms of CPU at each start. Parts that not
// every run needs stay apart. The harness measures these files; it starts the modules where profiles name them, and where a
// defect takes the place of one (harness/target/agent-files.ts).
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RolldownMagicString, rolldown } from 'rolldown';
import { parseSync, Visitor } from 'rolldown/utils';
import { splitCore } from './split-core.mjs';

const bundlers = ['bundle-agent.mjs', 'split-core.mjs', 'core-loader.mjs'].map((name) =>
  path.join(path.dirname(fileURLToPath(import.meta.url)), name),
);

/**
 * Writes `main.js`, `capture-worker.js` and what they need, and in `sources.json` what they were made of.
 * @param {string} root the repository
 * @param {string} folder made if it is not there
 */
export async function bundleAgent(root, folder) {
  const bundle = await rolldown({
    input: ['agent/commands/command-line.ts', 'agent/commands/capture-worker.ts'],
    cwd: root,
    platform: 'node',
    // A native addon, and a package that is loaded by name when a body needs it.
    external: ['koffi', 'yaml'],
    plugins: [ownModules],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const { output } = await bundle.generate({
    format: 'esm',
    chunkFileNames: '[name]-[hash].js',
    // Lines stay as they are, for stack traces and profiles. Without comments the text is 4/5 as long. As ASCII V8 keeps it
    // in 2/5 of the bytes: a single character beyond Latin makes every character two bytes wide.
    comments: { legal: true, annotation: false, jsdoc: false },
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
    // What every capture needs, in one file: these two with all that they import.
    codeSplitting: { groups: [{ name: 'core', test: /agent\/commands\/(command-line|capture)\.ts$/ }] },
  });
  const chunks = output.filter((each) => each.type === 'chunk');
  const core = chunks.find(({ name }) => name === 'core');
  if (core === undefined) throw new Error('the bundle has no core');
  const files = new Map(chunks.map(({ fileName, code }) => [fileName, code]));
  splitCore(files, core.fileName, readFileSync(path.join(root, 'bin/core-loader.mjs'), 'utf8'));
  mkdirSync(folder, { recursive: true });
  for (const [name, code] of files) writeFileSync(path.join(folder, name), code);
  const sources = [...bundlers, ...(await bundle.watchFiles)].filter((name) => path.isAbsolute(name)).sort();
  writeFileSync(path.join(folder, 'sources.json'), `${JSON.stringify(digestsOf(root, sources), null, 1)}\n`);
}

/** @param {string} root @param {readonly string[]} files @returns by its path from `root`, the SHA-256 of each */
function digestsOf(root, files) {
  const digestOf = (/** @type {string} */ file) => createHash('sha256').update(readFileSync(file)).digest('hex');
  return Object.fromEntries(files.map((file) => [path.relative(root, file), digestOf(file)]));
}

const assertionModule = /^node:assert(\/strict)?$/;

/**
 * Node.js's own modules come by `getBuiltinModule` and not by `import`, which looks at each of their exports: those of
 * `node:fs` alone load streams, readline and the history of a REPL, 7 ms of CPU. Modules that only a mistake needs come when
 * the mistake is made: `node:assert`, and commander's `node:child_process`, each with another 4 ms.
 * @type {import('rolldown').Plugin}
 */
const ownModules = {
  name: 'own-modules',
  resolveId: (name) => (assertionModule.test(name) ? '\0assert' : null),
  load: (id) => (id === '\0assert' ? assertion : null),
  transform(code, id) {
    return id.includes('/node_modules/commander/') ? { code: withoutRequires(code, id) } : null;
  },
  renderChunk: (code, { fileName }) => ({ code: withoutOwnImports(code, fileName), map: null }),
};

/** Commander is CommonJS: each `require('node:…')` becomes `getBuiltinModule`. @param {string} code @param {string} file */
function withoutRequires(code, file) {
  const builtin = 'globalThis.process.getBuiltinModule';
  const text = new RolldownMagicString(code);
  new Visitor({
    CallExpression({ callee, arguments: [name], start, end }) {
      if (callee.type !== 'Identifier' || callee.name !== 'require' || name?.type !== 'Literal') return;
      const module = String(name.value);
      if (!module.startsWith('node:')) return;
      const loaded = `${builtin}(${JSON.stringify(module)})`;
      const isLazy = module === 'node:child_process';
      text.overwrite(start, end, isLazy ? `{ spawn: (...all) => ${loaded}.spawn(...all) }` : loaded);
    },
  }).visit(parseSync(file, code, { sourceType: 'script' }).program);
  return text.toString();
}

/** `import a, { b as c } from "node:x"` becomes `const`. @param {string} code @param {string} file */
function withoutOwnImports(code, file) {
  const text = new RolldownMagicString(code);
  for (const { start, end, moduleRequest, entries } of parseSync(file, code).module.staticImports) {
    if (!moduleRequest.value.startsWith('node:')) continue;
    const loaded = `process.getBuiltinModule(${JSON.stringify(moduleRequest.value)})`;
    const whole = entries.find(({ importName }) => importName.kind !== 'Name')?.localName.value;
    const picked = entries
      .filter(({ importName }) => importName.kind === 'Name')
      .map(({ importName, localName }) => `${importName.name}: ${localName.value}`);
    const lines = [];
    if (whole !== undefined) lines.push(`const ${whole} = ${loaded};`);
    if (picked.length > 0) lines.push(`const { ${picked.join(', ')} } = ${whole ?? loaded};`);
    text.overwrite(start, end, lines.join(' '));
  }
  return text.toString();
}

/** Works as `node:assert/strict`, and loads it where an assertion fails, or where one of its functions is asked for by name. */
const assertion = `
  const loaded = () => process.getBuiltinModule('node:assert/strict');
  export function strict(value, message = 'what must hold does not') {
    if (value) return;
    throw new (loaded().AssertionError)({ message, actual: value, expected: true, operator: '==', stackStartFn: strict });
  }
  Object.setPrototypeOf(strict, new Proxy(Function.prototype, { get: (_, name) => loaded()[name] }));
  export default strict;
`;
