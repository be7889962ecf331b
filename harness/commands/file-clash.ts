/** Whether a command would write where it reads, or twice in one place. */
import { fstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';

/** Standard streams are `-`. @throws FloodgateError `option-invalid` */
export function checkOutputs(inputs: readonly string[], outputs: readonly string[]): void {
  for (const [at, output] of outputs.entries()) {
    if (inputs.some((input) => isSame(place(input, 0), place(output, 1)))) {
      throw clash(`${shown(output)} would be written while it is read`);
    }
    const isTwice = outputs.slice(0, at).some((other) => isSame(place(other, 1), place(output, 1)));
    if (isTwice) throw clash(`${shown(output)} would be written twice`);
  }
}

interface Place {
  /** Undefined for a standard stream. */
  readonly file: string | undefined;
  readonly stats: Stats | undefined;
}

function place(file: string, streamFd: number): Place {
  if (file !== '-') return { file: realPath(file), stats: statSync(file, { throwIfNoEntry: false }) };
  try {
    return { file: undefined, stats: fstatSync(streamFd) };
  } catch {
    return { file: undefined, stats: undefined };
  }
}

/** Of a file that is not there yet, too. */
function realPath(file: string): string {
  const whole = path.resolve(file);
  for (const [known, rest] of [
    [whole, ''],
    [path.dirname(whole), path.basename(whole)],
  ] as const) {
    try {
      return path.join(realpathSync(known), rest);
    } catch {}
  }
  return whole;
}

function isSame(one: Place, other: Place): boolean {
  // A terminal or /dev/null is read and written at one time, and so is a pipe of standard streams.
  if (one.stats?.isCharacterDevice()) return false;
  if (one.file !== undefined && one.file === other.file) return true;
  if (!one.stats || !other.stats) return false;
  const isOne = one.stats.ino === other.stats.ino && one.stats.dev === other.stats.dev;
  return isOne && (one.stats.isFile() || (one.file !== undefined && other.file !== undefined));
}

function shown(output: string): string {
  return output === '-' ? 'the file behind standard output' : output;
}

function clash(message: string): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint: 'Give the output another name.' });
}
