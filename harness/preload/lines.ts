/** Puts a source in the place of one module's: that in which each line of a function is charged by itself. */
import { readFileSync } from 'node:fs';
// Not by name: older versions have no such export.
import nodeModule from 'node:module';

/** @returns whether this version of Node.js has hooks that also see `require` */
export function replaceSource(url: string, file: string): boolean {
  // From 22.15 and 23.5 on.
  const { registerHooks } = nodeModule;
  if (typeof registerHooks !== 'function') return false;
  const source = readFileSync(file, 'utf8');
  registerHooks({
    load(asked, context, next) {
      const loaded = next(asked, context);
      return asked.split(/[?#]/)[0] === url ? { ...loaded, source } : loaded;
    },
  });
  return true;
}
