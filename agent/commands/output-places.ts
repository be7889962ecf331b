/** Where a capture writes to, looked at before any of it is opened: opening empties a file. */
import { fstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../errors.ts';
import type { CaptureFlags } from './capture-options.ts';

/** Whether a run leaves anything but what it says on standard error. */
export function writesAnything(flags: CaptureFlags): boolean {
  const { print, messages, har, witnesses, stats, upload, observeListen } = flags;
  return print === true || [messages, har, witnesses, stats, upload, observeListen].some((each) => each !== undefined);
}

type PlaceFlags = Pick<CaptureFlags, 'read' | 'config' | 'print' | 'messages' | 'har' | 'witnesses' | 'stats'>;

/** @throws FloodgateError `output-shared` where an output would empty what is read, or write into another; `har-no-file`. */
export function refuseSharedPlaces(flags: PlaceFlags): void {
  const { read, config, print, messages, har, witnesses, stats } = flags;
  if (har !== undefined) requireSeekable(har);
  const taken = new Map<string, string>();
  for (const [option, file] of Object.entries({ '--read': read, '--config': config })) {
    const place = file === undefined ? null : placeOf(file, 0);
    if (place !== null && place !== 'descriptor 0') taken.set(place, option);
  }
  const outputs = { '--print': print ? '-' : undefined, '--messages': messages, '--har': har };
  for (const [option, file] of Object.entries({ ...outputs, '--witnesses': witnesses, '--stats': stats })) {
    const place = file === undefined ? null : placeOf(file, 1);
    if (place === null) continue;
    const other = taken.get(place);
    if (other !== undefined) throw shared(option, other, file!);
    taken.set(place, option);
  }
}

/**
 * The same text for the same file, whatever it is called; null for what may be written by several (`/dev/null`).
 * @param standard the descriptor that `-` stands for
 */
function placeOf(file: string, standard: 0 | 1): string | null {
  const stats = file === '-' ? fstatSync(standard) : statOf(file);
  if (stats === null) return unmade(file);
  if (stats.isFile()) return `${stats.dev}:${stats.ino}`;
  return file === '-' || isSame(stats, fstatSync(standard)) ? `descriptor ${standard}` : null;
}

/** A file that is not there yet, by the folder that will hold it. */
function unmade(file: string): string | null {
  try {
    return path.join(realpathSync(path.dirname(file)), path.basename(file));
  } catch {
    return null;
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return !one.isCharacterDevice() && one.dev === other.dev && one.ino === other.ino;
}

/** Null where nothing is, or may be looked at: opening it reports what is wrong. */
function statOf(file: string): Stats | null {
  try {
    return statSync(file);
  } catch {
    return null;
  }
}

function requireSeekable(har: string): void {
  const stats = har === '-' ? null : statOf(har);
  if (har !== '-' && !stats?.isFIFO() && !stats?.isSocket()) return;
  throw new FloodgateError(
    'har-no-file',
    '--har writes each entry over the end of the document: a pipe cannot take it',
    {
      hint: 'name a file, or take --messages - for a stream of JSON lines',
    },
  );
}

function shared(option: string, other: string, file: string): FloodgateError {
  const isInput = other === '--read' || other === '--config';
  const where = file === '-' ? 'standard output' : file;
  if (!isInput && where === 'standard output') {
    return new FloodgateError('output-shared', `${other} and ${option} both write on standard output`, {
      hint: 'give one of them a file, or leave it out',
    });
  }
  const what = isInput
    ? `${option} would write over what ${other} reads`
    : `${other} and ${option} write the same file`;
  return new FloodgateError('output-shared', `${what}: ${where}`, { hint: 'give each a file of its own' });
}
