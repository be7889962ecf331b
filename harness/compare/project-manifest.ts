/** What the package.json of a folder says, as far as it is read before a version is built. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

export const packagesName = 'node_modules';

export interface ProjectManifest {
  readonly scripts?: { readonly build?: unknown };
  readonly [name: string]: unknown;
}

/** Empty where there is none. */
export function manifestIn(folder: string): ProjectManifest {
  return Object(jsonIn(path.join(folder, 'package.json'))) as ProjectManifest;
}

/** Undefined for what cannot be read, or is no JSON. */
export function jsonIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

type Needs = Readonly<Record<string, unknown>>;

/** What it asks to be installed: what it runs with, and what else may be there. */
export function needsOf(folder: string): { readonly run: Needs; readonly more: Needs } {
  const { dependencies, devDependencies, optionalDependencies } = manifestIn(folder);
  const more = { ...Object(devDependencies), ...Object(optionalDependencies) };
  // npm takes an optional one for optional, wherever else it stands.
  const run = Object.entries(Object(dependencies) as Needs).filter(
    ([name]) => !Object.hasOwn(Object(optionalDependencies), name),
  );
  return { run: Object.fromEntries(run), more };
}

/** Whether other folders below it are packages of the same project. */
export const isWorkspaceRoot = (folder: string): boolean => workspacePatterns(folder) !== undefined;

/** As npm, Yarn, Bun and pnpm write them. */
function workspacePatterns(folder: string): string[] | undefined {
  const { workspaces } = manifestIn(folder);
  const file = path.join(folder, 'pnpm-workspace.yaml');
  const list =
    workspaces === undefined
      ? existsSync(file) && Object(parse(readFileSync(file, 'utf8'))).packages
      : (Object(workspaces).packages ?? workspaces);
  return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : undefined;
}

/** The folder itself, and those of its workspace where it is the root of one. */
export function memberFolders(root: string): string[] {
  const patterns = workspacePatterns(root) ?? [];
  const found = (wanted: readonly string[]) =>
    wanted.flatMap((pattern) => globSync(pattern, { cwd: root, exclude: [`**/${packagesName}`] }));
  const left = new Set(found(patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1))));
  const members = found(patterns.filter((pattern) => !pattern.startsWith('!')))
    .filter((name) => !left.has(name) && existsSync(path.join(root, name, 'package.json')))
    .map((name) => path.join(root, name));
  return [...new Set([root, ...members])];
}
