/** Finds other people's tools where the user has installed them. */
import { accessSync, constants, realpathSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../../agent/errors.ts';

/** The error for a tool that is not there. */
export function missingTool(tool: string, option: string, command: string): FloodgateError {
  return new FloodgateError('tool-missing', `${option} needs ${tool}, which is not installed here`, {
    hint: `Install it ("${command}", or without --global in your project), or leave ${option} out: --cpu needs nothing.`,
  });
}

/** Where a shell would find it, the project's own packages first. */
export function findOnPath(name: string): string | undefined {
  const folders = [path.resolve('node_modules', '.bin'), ...(process.env.PATH ?? '').split(path.delimiter)];
  for (const folder of folders) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return realpathSync(file);
    } catch {
      // Not here.
    }
  }
  return undefined;
}
