/** The package as it is published, installed in a folder of a test's. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** What `npm pack` takes of a folder. */
export function packed(cwd: string): Packed {
  const text = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd,
    encoding: 'utf8',
    stdio: 'pipe',
  });
  // A list of packages, or from npm 12 on an object by name.
  return Object.values(JSON.parse(text) as Record<string, Packed>)[0]!;
}

function filesBelow(below: string): string[] {
  return readdirSync(below, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(below, path.join(entry.parentPath, entry.name)));
}

/**
 * The words that start a plain Node.js, as a user would. The test runner hooks into every one that it sees started, and puts
 * its hooks into `NODE_OPTIONS` again where `env` leaves them out; it does not look behind env(1).
 */
export function plainNode(...words: readonly string[]): [command: string, words: string[]] {
  return ['env', ['-u', 'NODE_OPTIONS', process.execPath, ...words]];
}

/** Where `run-tests.mjs` has built the package, for all tests of a run. */
const built = process.env.FLOODGATE_BUILT;

/** Builds the package, unless the run of tests has, and installs it below `folder`. @returns where its launchers are */
export function install(folder: string): string {
  const modules = path.join(folder, 'node_modules');
  const installed = path.join(modules, 'floodgate');
  mkdirSync(path.join(installed, 'agent'), { recursive: true });
  if (built !== undefined) cpSync(built, path.join(installed, 'dist'), { recursive: true });
  // The type checker does not survive the hooks.
  else execFileSync(...plainNode(path.join(root, 'bin/build.mjs'), path.join(installed, 'dist')), { stdio: 'inherit' });
  for (const name of [
    'bin',
    'docs',
    'package.json',
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'LICENSE',
    'CHANGELOG.md',
    'agent/node-arguments.json',
    'agent/kernels/README.md',
  ]) {
    cpSync(path.join(root, name), path.join(installed, name), { recursive: true });
  }
  // Only what is published stays.
  const kept = new Set(packed(installed).files.map((file) => file.path));
  for (const name of filesBelow(installed)) if (!kept.has(name)) rmSync(path.join(installed, name));
  for (const name of readdirSync(path.join(root, 'node_modules'))) {
    if (!existsSync(path.join(modules, name)))
      symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name));
  }
  return path.join(installed, 'bin');
}
