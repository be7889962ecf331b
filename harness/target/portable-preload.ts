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
/** Modules of the preload in plain JavaScript, by name. */
let modules: ReadonlyMap<string, string> | undefined;

/**
 * A text in which the preload's address is replaced by that of a copy below `folder` that any version of Node.js from 20 up runs. Where
 * floodgate was built, the built preload is one already.
 */
export function portablePreload(folder: string): (text: string) => string {
  if (path.extname(import.meta.url) !== '.ts') return (text) => text;
  const copies = path.join(folder, preloadFolderName);
  mkdirSync(copies, { recursive: true, mode: 0o700 });
  modules ??= plainModules('preload');
  for (const [name, source] of modules) writeFileSync(path.join(copies, `${name}.mjs`), source);
  const url = pathToFileURL(path.join(copies, 'preload.mjs')).href;
  return (text) => text.replace(preloadArguments[1]!, url);
}

/** A module and all that it imports from its folder, sooner or later: imports of types are gone by then. */
function plainModules(first: string): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  const names = new Set([first]);
  for (const name of names) {
    const typeless = stripTypeScriptTypes(readFileSync(path.join(here, `${name}.ts`), 'utf8'));
    const source = typeless.replaceAll(/(['"])\.\/([\w-]+)\.ts\1/g, (_, quote, imported) => {
      names.add(imported);
      return `${quote}./${imported}.mjs${quote}`;
    });
    sources.set(name, source);
  }
  return sources;
}
