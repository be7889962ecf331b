/** Whichever profile a file holds, by its name's ending or, failing that, by its first bytes; and the way back. Pure. */
import { readCollapsed, writeCollapsed } from './collapsed.ts';
import { readCpuProfile } from './cpu-profile.ts';
import { readHeapProfile, writeHeapProfile } from './heap-profile.ts';
import { readPprof, writePprof } from './pprof.ts';
import { type Profile, ProfileError } from './profile.ts';
import { readSpeedscope, writeSpeedscope } from './speedscope.ts';

export const profileFormats = ['pprof', 'speedscope', 'collapsed', 'heapprofile'] as const;
export type ProfileFormat = (typeof profileFormats)[number];

/** A profile of any format that we read. @param root path that file names are relative to @throws ProfileError */
export function readProfile(name: string, bytes: Uint8Array, root?: string): Profile {
  const text = () => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const within = root === undefined ? {} : { root };
  if (name.endsWith('.heapprofile')) return readHeapProfile(text(), within);
  if (name.endsWith('.cpuprofile')) return readCpuProfile(text(), within);
  if (name.endsWith('.speedscope.json')) return readSpeedscope(text());
  if (/\.(txt|folded|collapsed)$/.test(name)) return readCollapsed(text());
  // A JSON of no particular name says what it is by its first keys.
  if (bytes[0] !== 0x7b) return readPprof(bytes);
  const start = text().slice(0, 4_096);
  if (/"head"\s*:/.test(start)) return readHeapProfile(text(), within);
  if (/"nodes"\s*:/.test(start)) return readCpuProfile(text(), within);
  if (/"kind"\s*:\s*"(run|gate)"/.test(start)) throw new ProfileError('it is a report: give the folder it lies in');
  if (!/"(shared|profiles|\$schema)"\s*:/.test(start)) {
    throw new ProfileError('this JSON is no heap profile, no CPU profile and none of speedscope');
  }
  return readSpeedscope(text());
}

/** A profile in a format, as what its file holds; `type`: which sample type, where it holds one alone. @throws ProfileError where the format cannot hold it */
export function writeProfile(
  profile: Profile,
  format: ProfileFormat,
  name: string,
  type?: string,
): Uint8Array | string {
  switch (format) {
    case 'pprof':
      return writePprof(profile);
    case 'speedscope':
      return writeSpeedscope(profile, name);
    case 'collapsed':
      return writeCollapsed(profile, type);
    case 'heapprofile':
      return writeHeapProfile(profile, type);
  }
}
