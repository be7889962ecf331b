/**
 * The preload for a Node.js that is not ours: plain JavaScript, whatever that version makes of types. Our own agent is
 * given the sources, whose compiled form the harness keeps in its cache.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { preloadFolderName } from '../preload/options.ts';
import { preloadArguments } from '../watch/preload-channel.ts';

const here = fileURLToPath(new URL('../preload/', import.meta.url));
const modules = [
  'preload',
  'options',
  'instruments',
  'requests',
  'step',
  'off-heap-sites',
  'family',
  'commands',
  'compressor-sites',
  'wasm-sites',
  'lines',
  'call-stack',
];
const stripped = new Map<string, string>();

/**
 * A text in which the preload's address is replaced by that of a copy below `folder` that any version of Node.js from 20 up runs. Where
 * floodgate was built, the built preload is one already.
 */
export function portablePreload(folder: string): (text: string) => string {
  if (path.extname(import.meta.url) !== '.ts') return (text) => text;
  const copies = path.join(folder, preloadFolderName);
  mkdirSync(copies, { recursive: true, mode: 0o700 });
  for (const name of modules) writeFileSync(path.join(copies, `${name}.mjs`), plainSource(name));
  const url = pathToFileURL(path.join(copies, 'preload.mjs')).href;
  return (text) => text.replace(preloadArguments[1]!, url);
}

function plainSource(name: string): string {
  let source = stripped.get(name);
  if (source === undefined) {
    source = stripTypeScriptTypes(readFileSync(path.join(here, `${name}.ts`), 'utf8')).replaceAll(
      /(['"]\.\/[\w-]+)\.ts(['"])/g,
      '$1.mjs$2',
    );
    stripped.set(name, source);
  }
  return source;
}
