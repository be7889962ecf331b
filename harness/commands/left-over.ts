/** What a sign-off or a rerun that was killed left below `.floodgate`: the next one in the same folder removes it. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * For who has the lock of the versions there, which each of them takes: none is at work beside it.
 * @param folder of those of all processes
 */
export function removeLeftOver(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /^(?:signoff|rerun)-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}
