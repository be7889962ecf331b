/**
 * Which Node.js what floodgate starts is run under, where nothing else says it: the team's. npm links the program of every package into
 * `node_modules/.bin`, the pinned runtime of ours too, and `npx` and `npm run` put that folder first on the path.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Those of this package, by platform; `node` is one that a project asks for itself. */
const runtimePackage = /^node-(?:bin-)?(?:linux|darwin|win)-\w+$/;
const inBin = `node_modules${path.sep}.bin`;

/** Every Node.js on a path, the first first: absolute, links as they are. */
export function nodesOn(searched: string): string[] {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  return searched
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name))
    .filter((file) => existsSync(file));
}

/** Whether a Node.js is there because floodgate is: its runtime, linked by npm, in a project that does not ask for one itself. */
function isBroughtAlong(file: string): boolean {
  const folder = path.dirname(file);
  if (!folder.endsWith(`${path.sep}${inBin}`)) return false;
  const linked = realpathSync(file).split(path.sep);
  const name = linked[linked.lastIndexOf('node_modules') + 1] ?? '';
  return runtimePackage.test(name) && !asksForNode(path.join(folder, '..', '..', 'package.json'));
}

function asksForNode(manifest: string): boolean {
  try {
    const { dependencies, devDependencies, optionalDependencies } = Object(JSON.parse(readFileSync(manifest, 'utf8')));
    const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    return names.some((name) => name === 'node' || runtimePackage.test(name));
  } catch {
    return false;
  }
}

/**
 * A path on which the first Node.js is the user's own, and everything else where it was. One that has no other Node.js stays as it is.
 * @param searched `PATH` as it is now
 */
export function withoutOwnNode(searched: string): string {
  const nodes = nodesOn(searched);
  if (nodes[0] === undefined || !isBroughtAlong(nodes[0]) || process.platform === 'win32') return searched;
  const users = nodes.find((node) => !isBroughtAlong(node));
  return users === undefined ? searched : [folderOfNode(users), searched].join(path.delimiter);
}

const folders = new Map<string, string>();

/** A folder that holds this Node.js and nothing else, so that no other program is found in its place; removed when floodgate ends. */
export function folderOfNode(file: string): string {
  const known = folders.get(file);
  if (known !== undefined) return known;
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-node-'));
  // A target may be another user's.
  chmodSync(folder, 0o755);
  symlinkSync(file, path.join(folder, path.basename(file)));
  if (folders.size === 0) process.on('exit', removeFolders);
  folders.set(file, folder);
  return folder;
}

function removeFolders(): void {
  for (const folder of folders.values()) rmSync(folder, { recursive: true, force: true });
}
