/** `.floodgate` beside a configuration: what floodgate keeps of a project is no part of its repository. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Leaves a `.gitignore` in a folder of ours, unless there is one. */
export function hideFromGit(folder: string): void {
  const ignore = path.join(folder, '.gitignore');
  if (!existsSync(ignore)) writeFileSync(ignore, '*\n');
}
