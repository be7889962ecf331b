/** Texts that a run's arguments name as files: traffic that is made, left beside the run so that it can be typed again. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Keep } from './run-arguments.ts';

/** Files of a run's folder, which is made where it is not there. */
export function keptIn(folder: string): Keep {
  return (name, text) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  };
}
