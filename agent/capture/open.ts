/** Opens the frame source that the options ask for. */
import { FloodgateError } from '../errors.ts';
import type { FrameSource } from './frame-source.ts';
import type { LiveOptions } from './live-source.ts';
import { MultiSource } from './multi-source.ts';
import { openRecorded } from './open-recorded.ts';
import { RingSource } from './ring-source.ts';

/** Interfaces captured at once at most: each costs a ring of its own. */
export const liveInterfacesMax = 64;

export interface SourceOptions extends LiveOptions {
  /** A capture file, or `-` for standard input. */
  readonly read?: string | null;
  /** Devices to capture from, or `any`; exactly one of `read` and this. */
  readonly interfaces?: readonly string[];
}

/**
 * The source that the options ask for, open and ready; live ones need privileges no longer once they are open.
 * @throws FloodgateError when it cannot be opened.
 */
export function openSource(options: SourceOptions): FrameSource {
  const read = options.read ?? null;
  const names = [...new Set(options.interfaces ?? [])];
  if ((read !== null) === names.length > 0) throw ambiguous('say where frames come from, in exactly one way');
  return read === null ? openLive(names, options) : openRecorded(read, options.filter);
}

function openLive(names: readonly string[], options: SourceOptions): FrameSource {
  if (names.length > 1 && names.includes('any')) throw ambiguous('"any" captures from every interface already');
  if (names.length > liveInterfacesMax) throw ambiguous(`at most ${liveInterfacesMax} interfaces at once`);
  if (names.length === 1) return RingSource.open(names[0]!, options);
  const opened: RingSource[] = [];
  try {
    for (const [index, name] of names.entries()) {
      // A group is of one device: each has its own, counted from the first's.
      const fanout = options.fanout ? { ...options.fanout, group: (options.fanout.group + index) & 0xffff } : null;
      opened.push(RingSource.open(name, { ...options, fanout }));
    }
  } catch (error) {
    for (const source of opened) source.close();
    throw error;
  }
  return new MultiSource(opened, options.onNotice);
}

function ambiguous(message: string): FloodgateError {
  return new FloodgateError('source-ambiguous', message, {
    hint: '--read FILE, --read - or --interface NAME (repeatable; "any" for all)',
  });
}
