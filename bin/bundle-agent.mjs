// The published agent in few files: to find and link 90 modules takes Node.js 60 ms of CPU at each start. Parts that not every
// run needs stay apart. The harness starts the modules instead: a defect takes the place of one of them.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';

/** Writes `main.js`, `capture-worker.js` and what they need. */
export async function bundleAgent(root, folder) {
  const bundle = await rolldown({
    input: ['agent/commands/command-line.ts', 'agent/commands/capture-worker.ts'],
    cwd: root,
    platform: 'node',
    // A native addon, and what is loaded by name when a body needs it.
    external: ['koffi', 'yaml'],
    plugins: [ownModules],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const { output } = await bundle.generate({
    format: 'esm',
    chunkFileNames: '[name]-[hash].js',
    // Lines stay as they are, for stack traces and profiles. What is read and kept at each start is 4/5 of what it was, and as
    // V8 keeps it 2/5: a single character beyond Latin makes all of them two bytes wide.
    comments: { legal: true, annotation: false, jsdoc: false },
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
    // What every capture needs, in one file: these two with all that they import.
    codeSplitting: { groups: [{ name: 'core', test: /agent\/commands\/(command-line|capture)\.ts$/ }] },
  });
  const files = new Map(output.map(({ fileName, code }) => [fileName, code]));
  splitCore(files, output.find(({ name }) => name === 'core').fileName, readFileSync(path.join(root, loader), 'utf8'));
  mkdirSync(folder, { recursive: true });
  for (const [name, code] of files) writeFileSync(path.join(folder, name), code);
}

const loader = 'bin/core-loader.mjs';

/** Makes a script of the core, a module of its loader, and `main.js`. */
function splitCore(files, core, loaderCode) {
  const [whole, names] = /^export \{ (.*) \};\s*$/m.exec(files.get(core));
  /** By what others call it, what the core calls it. */
  const exported = new Map(names.split(', ').map((each) => each.split(' as ').reverse()));
  let code = files.get(core).replace(whole, '').replaceAll('import.meta.', 'meta.');
  // Modules that only pass on what is in the core.
  for (const [name, text] of files) {
    const [, alias, given] = /^import \{ (\w+) as (\w+) \} from ".\/core-.+";\s*export \{ \2 \};\s*$/.exec(text) ?? [];
    if (alias === undefined) continue;
    code = code.replaceAll(`import("./${name}")`, `Promise.resolve({ ${given}: ${exported.get(alias)} })`);
    files.delete(name);
    for (const [other, its] of files) assert(other === core || !its.includes(name), `${other} imports ${name}`);
  }
  assert.match(code, /^[\0-\x7f]*$/, 'the loader reads it as Latin');
  assert.doesNotMatch(code, /^(import|export) |\bimport\.meta\b/m, 'nothing that only a module may hold');
  const script = core.replace(/js$/, 'script.js');
  const returned = [...exported].map(([alias, local]) => `${alias}: ${local}`).join(', ');
  files.set(script, `(function (meta) { "use strict"; ${code}\nreturn { ${returned} };\n})\n`);
  files.set(core, loaderCode.replaceAll('SCRIPT', script).replace('EXPORTS', [...exported.keys()].join(', ')));
  const run = [...exported].find(([, local]) => local === 'runCommandLine')[0];
  const main = `import { conclude, ${run} as runCommandLine } from "./${core}";\nconclude(await runCommandLine(process.argv));\n`;
  files.set('main.js', main);
}

/**
 * Node.js's own modules come by `getBuiltinModule` and not by `import`, which looks at each of their exports: those of
 * `node:fs` alone load streams, readline and the history of a REPL, 7 ms of CPU. What only a mistake needs comes when it is
 * made: `node:assert`, and `node:child_process` of commander, each with another 4 ms.
 */
const ownModules = {
  name: 'own-modules',
  resolveId: (name) => (/^node:assert(\/strict)?$/.test(name) ? '\0assert' : null),
  load: (id) => (id === '\0assert' ? assertion : null),
  transform(code, id) {
    if (!id.includes('/node_modules/commander/')) return null;
    const builtin = 'globalThis.process.getBuiltinModule';
    return code
      .replace("require('node:child_process')", `{ spawn: (...all) => ${builtin}("node:child_process").spawn(...all) }`)
      .replaceAll("require('node:", `${builtin}('node:`);
  },
  renderChunk(code) {
    const plain = code.replaceAll(/^import (.+) from ("node:.+");$/gm, (_, names, module) => {
      const loaded = `process.getBuiltinModule(${module})`;
      const [, whole, parts] = /^(\w[\w$]*)?(?:, )?(\{.*\})?$/.exec(names);
      if (parts === undefined) return `const ${whole} = ${loaded};`;
      const picked = `const ${parts.replaceAll(' as ', ': ')} = ${whole ?? loaded};`;
      return whole === undefined ? picked : `const ${whole} = ${loaded}; ${picked}`;
    });
    return { code: plain, map: null };
  },
};

/** As `node:assert/strict`, which is loaded where something does not hold, or for what is asked of it by name. */
const assertion = `
  const loaded = () => process.getBuiltinModule('node:assert/strict');
  export function strict(value, message = 'what must hold does not') {
    if (value) return;
    throw new (loaded().AssertionError)({ message, actual: value, expected: true, operator: '==', stackStartFn: strict });
  }
  Object.setPrototypeOf(strict, new Proxy(Function.prototype, { get: (_, name) => loaded()[name] }));
  export default strict;
`;
