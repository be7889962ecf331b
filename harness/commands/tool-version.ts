/** The version of this package, from its package.json. */
import { existsSync, readFileSync } from 'node:fs';

// One folder further up where it was built into dist/.
export function readToolVersion(): string {
  const file = ['../../package.json', '../../../package.json']
    .map((each) => new URL(each, import.meta.url))
    .find((each) => existsSync(each));
  return file ? JSON.parse(readFileSync(file, 'utf8')).version : 'unknown';
}
