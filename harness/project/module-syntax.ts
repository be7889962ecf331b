/**
 * Loads a module by its own syntax: `npm init` writes "type": "commonjs" since npm 11, and Node.js then takes a `.ts` or `.js` with
 * `import` and `export` in it for CommonJS, and refuses it.
 */
import { readFileSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';

/** What V8 says of a module that it reads as a script; by these Node.js itself detects modules where there is no "type". */
const moduleFaults = [
  'Cannot use import statement outside a module',
  "Unexpected token 'export'",
  "Cannot use 'import.meta' outside a module",
  'await is only valid in async functions and the top level bodies of modules',
];

/** Of files of the project that Node.js would take for CommonJS. */
const formats: Readonly<Record<string, string>> = { commonjs: 'module', 'commonjs-typescript': 'module-typescript' };

/** The module, and what it imports of the project, whatever "type" their folder has. */
export async function importBySyntax(url: string): Promise<Record<string, unknown>> {
  const hooks = module.registerHooks({
    load(each, context, next) {
      const format = formats[context.format ?? ''];
      if (format === undefined || !each.startsWith('file:')) return next(each, context);
      const file = fileURLToPath(each);
      if (file.split(path.sep).includes('node_modules') || !/\.c?[tj]s$/.test(file)) return next(each, context);
      const source = readFileSync(file, 'utf8');
      return isModule(source, format) ? { format, source, shortCircuit: true } : next(each, context);
    },
  });
  try {
    return await import(url);
  } finally {
    hooks.deregister();
  }
}

function isModule(source: string, format: string): boolean {
  const wrapped = (text: string) => `(function (exports, require, module, __filename, __dirname) {${text}\n})`;
  try {
    new vm.Script(wrapped(format === 'module' ? source : module.stripTypeScriptTypes(source)));
    return false;
  } catch (error) {
    const { message } = error as Error;
    return moduleFaults.some((fault) => message.includes(fault));
  }
}
