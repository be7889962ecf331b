/** Projects below a folder that is none itself: the root of a monorepo. */
import { existsSync, globSync } from 'node:fs';
import path from 'node:path';

const manifests = ['package.json', 'go.mod', 'Cargo.toml', 'pom.xml', 'build.gradle', 'build.gradle.kts'];
const others = ['Gemfile', 'composer.json', 'pyproject.toml', 'requirements.txt', 'Dockerfile', 'Makefile'];
const membersMax = 200;

/** Folders with a manifest of their own, up to two below, in the order of their names. */
export function membersOf(folder: string): string[] {
  const folders = globSync(['*/', '*/*/'], {
    cwd: folder,
    exclude: (name) => name === 'node_modules' || name === 'vendor' || name.startsWith('.'),
  });
  const isProject = (name: string) =>
    [...manifests, ...others].some((file) => existsSync(path.join(folder, name, file)));
  return folders
    .map((name) => name.replace(/\/$/, ''))
    .filter(isProject)
    .sort()
    .slice(0, membersMax);
}
