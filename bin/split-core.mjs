// Makes a script of the agent's core chunk, and a module that loads it: V8 keeps the compiled functions of a script, not of a
// module (bin/core-loader.mjs). Every edit is at a place that the parser names.
import assert from 'node:assert/strict';
import { RolldownMagicString } from 'rolldown';
import { parseSync } from 'rolldown/utils';

/**
 * @param {Map<string, string>} files the bundle, name → code; changed in place
 * @param {string} core the core's file name
 * @param {string} loaderCode bin/core-loader.mjs
 */
export function splitCore(files, core, loaderCode) {
  const code = contentOf(files, core);
  const { module } = parseSync(core, code);
  assert.equal(module.staticImports.length, 0, 'a script imports nothing');
  const text = new RolldownMagicString(code);
  for (const { start, end } of module.staticExports) text.remove(start, end);
  for (const { start, end } of module.importMetas) text.overwrite(start, end, 'meta');

  const exported = exportedNames(module);
  const facades = findFacades(files, core);
  for (const { start, end, moduleRequest } of module.dynamicImports) {
    const facade = facades.get(code.slice(moduleRequest.start + 1, moduleRequest.end - 1));
    if (facade === undefined) continue;
    const members = facade.map(({ name, alias }) => {
      const local = exported.get(alias);
      assert(local, `the core exports ${alias}`);
      return `${name}: ${local}`;
    });
    text.overwrite(start, end, `Promise.resolve({ ${members.join(', ')} })`);
  }
  removeFacades(files, core, facades);

  const body = text.toString();
  assert.match(body, /^[\0-\x7f]*$/, 'the loader reads it as Latin');
  const script = core.replace(/js$/, 'script.js');
  const returned = [...exported].map(([alias, local]) => `${alias}: ${local}`).join(', ');
  const whole = `(function (meta) { "use strict"; ${body}\nreturn { ${returned} };\n})\n`;
  assert.deepEqual(
    parseSync(script, whole, { sourceType: 'script' }).errors,
    [],
    'nothing that only a module may hold',
  );
  files.set(script, whole);
  files.set(
    core,
    `${loaderCode}\n${passedOn([...exported.keys()])} = loadCore(import.meta, ${JSON.stringify(script)});\n`,
  );
  const run = [...exported].find(([, local]) => local === 'runCommandLine');
  assert(run, 'the core runs the command line');
  files.set(
    'main.js',
    `import { conclude, ${run[0]} as runCommandLine } from "./${core}";\nconclude(await runCommandLine(process.argv));\n`,
  );
}

/** A declaration that exports members of what follows. Short names may be words of the language: `in`. @param {(string | null)[]} names */
function passedOn(names) {
  const local = (/** @type {string | null} */ name) => `core_${name}`;
  const exports = names.map((name) => `${local(name)} as ${name}`).join(', ');
  return `export { ${exports} };\nconst { ${names.map((name) => `${name}: ${local(name)}`).join(', ')} }`;
}

/** @param {Map<string, string>} files @param {string} name */
function contentOf(files, name) {
  const code = files.get(name);
  assert(code !== undefined, name);
  return code;
}

/** The core's names for what others import: their name → its own. @param {import('rolldown/utils').ParseResult['module']} module */
function exportedNames({ staticExports }) {
  const entries = staticExports.flatMap(({ entries }) => entries);
  return new Map(entries.map(({ exportName, localName }) => [exportName.name, localName.name]));
}

/**
 * Chunks that only pass on what is in the core: an import and an export of it, and nothing else.
 * @param {Map<string, string>} files @param {string} core
 * @returns {Map<string, { name: string, alias: string }[]>} specifier → what it exports, and the core's name for it
 */
function findFacades(files, core) {
  const facades = new Map();
  for (const [file, code] of files) {
    const { program, module } = parseSync(file, code);
    const exports = module.staticExports.flatMap(({ entries }) => entries);
    if (program.body.length !== 2 || module.staticImports.length !== 1 || exports.length === 0) continue;
    if (!exports.every(({ moduleRequest }) => moduleRequest?.value === `./${core}`)) continue;
    const members = exports.map(({ exportName, importName }) => ({ name: exportName.name, alias: importName.name }));
    facades.set(`./${file}`, members);
  }
  return facades;
}

/** @param {Map<string, string>} files @param {string} core @param {ReadonlyMap<string, unknown>} facades */
function removeFacades(files, core, facades) {
  for (const specifier of facades.keys()) files.delete(specifier.slice(2));
  for (const [file, code] of files) {
    if (file === core) continue;
    for (const specifier of facades.keys()) assert(!code.includes(specifier), `${file} imports ${specifier}`);
  }
}
