// Which tests a run takes. Nothing is listed by hand: the modules that a test imports decide.
//
// A **unit** test is pure: nothing that it reaches by imports starts a process, opens a socket, makes a thread or calls
// native code, and it needs no corpora from outside the repository; `systemModules` below is the whole rule. As many run
// at once as there are cores. Every other test is a **system** test. Much of it is waiting, so two run at once, except
// where a line of the test's first comment begins with "Runs alone:", and why: what it judges is time or the machine.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from 'rolldown/utils';

/** Rooms that hold tests, as in `.taprc`. */
export const rooms = ['agent', 'harness', 'scenarios', 'reports', 'bench', 'conformance', 'test'];

const systemModules = new Set([
  'node:child_process',
  'node:cluster',
  'node:dgram',
  'node:http',
  'node:http2',
  'node:https',
  'node:net',
  'node:tls',
  'node:worker_threads',
  'koffi',
  'playwright-core',
]);
/** A file that names this variable reads recordings that are not part of the repository. */
const corporaVariable = 'FLOODGATE_SHARED';

/** @typedef {{ readonly files: readonly string[], readonly packages: readonly string[], readonly readsCorpora: boolean }} Imports */

/** @param {string} root the repository */
export function testSelection(root) {
  /** @type {Map<string, Imports>} */
  const known = new Map();

  /** @param {string} file relative to the root */
  function importsOf(file) {
    let found = known.get(file);
    if (found === undefined) {
      found = readImports(root, file);
      known.set(file, found);
    }
    return found;
  }

  /**
   * The test and every file of ours that it reaches by imports.
   * @param {string} test
   */
  function reach(test) {
    const reached = new Set([test]);
    for (const file of reached) for (const next of importsOf(file).files) reached.add(next);
    return reached;
  }

  /** @param {string} test */
  function isUnit(test) {
    return [...reach(test)].every((file) => {
      const { packages, readsCorpora } = importsOf(file);
      return !readsCorpora && !packages.some((name) => systemModules.has(name));
    });
  }

  /** @param {string} test */
  function runsAlone(test) {
    return /^(?: \*|\/\/) Runs alone: /m.test(readFileSync(path.join(root, test), 'utf8'));
  }

  return {
    isUnit,
    runsAlone,
    /** Tests that reach one of these files. @param {readonly string[]} tests @param {ReadonlySet<string>} changed */
    reaching: (tests, changed) => tests.filter((test) => [...reach(test)].some((file) => changed.has(file))),
  };
}

/** Type-only imports are left out: they load nothing. @param {string} root @param {string} file @returns {Imports} */
function readImports(root, file) {
  const text = readFileSync(path.join(root, file), 'utf8');
  const { module } = parseSync(file, text);
  const names = [
    ...module.staticImports
      .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
      .map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports
      .flatMap(({ entries }) => entries)
      .flatMap(({ isType, moduleRequest }) => (isType || !moduleRequest ? [] : [moduleRequest.value])),
    // A dynamic import of a fixed name; others are names that a program makes up, such as a scenario's.
    ...module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
      const literal = /^(['"])(.+)\1$/.exec(text.slice(start, end));
      return literal === null ? [] : [/** @type {string} */ (literal[2])];
    }),
  ];
  const relative = names.filter((name) => name.startsWith('.'));
  return {
    files: relative
      .map((name) => path.posix.normalize(path.posix.join(path.posix.dirname(file), name)))
      .filter((name) => /\.m?[jt]s$/.test(name) && existsSync(path.join(root, name))),
    packages: names.filter((name) => !name.startsWith('.')),
    readsCorpora: text.includes(corporaVariable),
  };
}

/** Every test below a folder, or the file itself. @param {string} root @param {string} name relative to the root */
export function testsBelow(root, name) {
  if (!existsSync(path.join(root, name))) throw new Error(`there is no ${name}`);
  if (/\.[jt]s$/.test(name)) return [path.normalize(name)];
  return readdirSync(path.join(root, name), { recursive: true, encoding: 'utf8' })
    .filter((each) => each.endsWith('.test.ts'))
    .map((each) => path.join(name, each))
    .sort();
}

/** Files that differ from where this branch left `main`, the working tree included. @param {string} root */
export function changedFiles(root) {
  /** @param {string[]} args */
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
  /** @param {string} branch */
  const base = (branch) => {
    try {
      return execFileSync('git', ['merge-base', 'HEAD', branch], { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
    } catch {
      return undefined;
    }
  };
  const from = base('origin/main') ?? base('main') ?? 'HEAD';
  return new Set([...git('diff', '--name-only', from), ...git('ls-files', '--others', '--exclude-standard')]);
}
