/** Where floodgate's own agent is what is judged, without a configuration: in floodgate's own repository, and in nobody else's project. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { readNames } from './config-names.ts';

/** Whether the nearest package.json, from a folder upwards, is floodgate's: by its name, and our sources beside it. */
function isOwnRepository(from: string): boolean {
  for (let folder = path.resolve(from); ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    if (existsSync(file))
      return nameIn(readFileSync(file, 'utf8')) === 'floodgate' && existsSync(path.join(folder, 'harness/cli.ts'));
    if (path.dirname(folder) === folder) return false;
  }
}

function nameIn(manifest: string): unknown {
  try {
    return Object(JSON.parse(manifest)).name;
  } catch {
    return undefined;
  }
}

/**
 * Whoever has no configuration, or is in another folder than they think, wants no verdict on our agent.
 * @param instead what judges our agent from anywhere, as a sentence; empty where nothing does
 * @throws FloodgateError `config-missing` outside floodgate's own repository
 */
export function refuseOtherProject(folder: string, instead: string): void {
  if (isOwnRepository(folder)) return;
  throw new FloodgateError(
    'config-missing',
    'there is no configuration here or in a folder above: nothing says what is to be judged',
    { hint: `"floodgate init" writes one (${readNames}).${instead && ` ${instead}`}` },
  );
}
