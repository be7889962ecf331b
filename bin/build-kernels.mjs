// The kernels from AssemblyScript to WebAssembly, one module a kernel, with the names of its functions and a source map.
// `node bin/build-kernels.mjs` builds into the repository; `npm run generate` does, too. agent/kernels/README.md says more.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { moduleText } from '../agent/kernels/kernel-text.ts';
import { kernelLayouts } from '../agent/kernels/layouts.ts';
import { renameFunctions } from '../agent/kernels/module-names.ts';

const room = 'agent/kernels';

/**
 * What an entry exports, the module exports.
 * @type {readonly (readonly [constant: string, entry: string, ...others: string[]])[]}
 */
const kernels = [
  ['HEAD_KERNEL', 'head/head.ts'],
  ['DIGEST_KERNEL', 'digest/digest.ts'],
  ['SEAL_KERNEL', 'seal/seal.ts'],
  ['SEGMENT_KERNEL', 'segment/segment.ts', 'segment/places.ts'],
];

/** What every kernel is built with: no run time, no memory of its own, no check that the kernel does not write itself. */
const options = [
  ...['--runtime', 'stub', '--importMemory', '--noExportMemory', '--initialMemory', '1'],
  ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--converge', '--noAssert', '--debug'],
  ...['--enable', 'simd', '--enable', 'mutable-globals'],
];

/**
 * Files of the room by their names in the repository: layouts, modules, source maps.
 * @param {string} root the repository
 * @returns {Promise<[file: string, text: string][]>}
 */
export async function buildKernels(root) {
  const layouts = new Map(Object.entries(kernelLayouts()).map(([name, text]) => [`${room}/assembly/${name}`, text]));
  /** @type {[file: string, text: string][]} */
  const files = [...layouts];
  for (const [constant, entry, ...others] of kernels) {
    const name = path.basename(entry, '.ts');
    const built = await compile(root, [entry, ...others], name, layouts);
    files.push([`${room}/${name}.generated.ts`, moduleText(constant, `${room}/assembly/${entry}`, built.module)]);
    files.push([`${room}/${name}.generated.map.json`, built.map]);
  }
  return files;
}

/**
 * @param {string} root
 * @param {readonly string[]} entries
 * @param {string} name
 * @param {ReadonlyMap<string, string>} layouts fresh ones, which may differ from those on disk
 */
async function compile(root, entries, name, layouts) {
  const files = entries.map((entry) => `${room}/assembly/${entry}`);
  /** @type {Map<string, Uint8Array | string>} */
  const written = new Map();
  const { error, stderr } = await asc.main(
    [...files, '--outFile', `${name}.wasm`, '--sourceMap', `${name}.generated.map.json`, ...options],
    {
      readFile: (file, base) => layouts.get(file) ?? read(path.join(base, file)) ?? read(path.join(root, file)),
      writeFile: (file, content) => void written.set(path.basename(file), content),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${files[0]}: ${error.message}\n${stderr}`);
  const module = written.get(`${name}.wasm`);
  const map = written.get(`${name}.generated.map.json`);
  if (!(module instanceof Uint8Array) || map === undefined) throw new Error(`${files[0]}: nothing was built`);
  const sourceOf = (/** @type {string} */ file) => layouts.get(file) ?? read(path.join(root, file));
  return { module: renameFunctions(module, (name) => placedName(name, sourceOf)), map: slimMap(String(map)) };
}

/**
 * `agent/kernels/assembly/head/head/parseHead` as `parseHead (agent/kernels/assembly/head/head.ts:152)`: V8 gives names to whoever
 * takes a profile, and no lines.
 * @param {string} name
 * @param {(file: string) => string | null} sourceOf
 */
function placedName(name, sourceOf) {
  const [, module, own] = /^(.+)\/([^/]+)$/.exec(name) ?? [];
  const file = `${module}.ts`;
  const lines = module === undefined ? [] : (sourceOf(file) ?? '').split('\n');
  const line = lines.findIndex((text) => new RegExp(`^(export )?function ${own}\\b`).test(text)) + 1;
  return line > 0 ? `${own} (${file}:${line})` : name;
}

/** Sources as the map's file sees them, without their texts: those stand beside it. @param {string} text */
function slimMap(text) {
  const { version, sources, names, mappings } = JSON.parse(text);
  const relative = sources.map((/** @type {string} */ source) => path.posix.relative(room, source));
  return `${JSON.stringify({ version, sources: relative, names, mappings })}\n`;
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
  for (const [file, text] of await buildKernels(root)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
}
