/** Profiles of a run's intervals on disk, the latest of them: a run of days takes no more room than one of hours. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readPprof, writePprof } from './pprof.ts';
import { type Profile, ProfileError } from './profile.ts';

/** `live`: alive at the end of the interval; `allocations`: allocated in it. */
export type RingKind = 'allocations' | 'live';

export interface RingEntry {
  readonly interval: number;
  /** Milliseconds after the start of the pass that took it. */
  readonly startMs: number;
  readonly endMs: number;
  readonly firstFrame: number;
  readonly lastFrame: number;
}

/** At 90 s, twelve hours. */
const entriesMax = 480;
/** A profile has some 50 KB, one of a very large program a megabyte. */
const bytesMax = 256 << 20;
const folderName = path.join('profiles', 'every');

export class ProfileRing {
  readonly #folder: string;
  readonly #kind: RingKind;
  readonly #kept: { readonly entry: RingEntry; readonly bytes: number }[] = [];
  #bytes = 0;
  /** Profiles ever added. */
  taken = 0;

  /** @param runFolder the report's */
  constructor(runFolder: string, kind: RingKind) {
    this.#folder = path.join(runFolder, folderName);
    this.#kind = kind;
  }

  /** Numbers of the oldest interval that is kept, and of the newest. */
  get first(): number {
    return this.#kept[0]?.entry.interval ?? 0;
  }

  get last(): number {
    return this.#kept.at(-1)?.entry.interval ?? 0;
  }

  add(entry: RingEntry, profile: Profile): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const bytes = writePprof(profile);
    writeFileSync(this.#file(entry.interval), bytes, { mode: 0o600 });
    this.#kept.push({ entry, bytes: bytes.length });
    this.#bytes += bytes.length;
    this.taken += 1;
    while (this.#kept.length > entriesMax || (this.#bytes > bytesMax && this.#kept.length > 1)) {
      const oldest = this.#kept.shift()!;
      this.#bytes -= oldest.bytes;
      rmSync(this.#file(oldest.entry.interval), { force: true });
    }
    const list = { kind: this.#kind, intervals: this.#kept.map(({ entry: each }) => each) };
    writeFileSync(path.join(this.#folder, `${this.#kind}.json`), `${JSON.stringify(list)}\n`, { mode: 0o600 });
  }

  #file(interval: number): string {
    return path.join(this.#folder, fileName(this.#kind, interval));
  }
}

function fileName(kind: RingKind, interval: number): string {
  return `${kind}-${String(interval).padStart(4, '0')}.pb.gz`;
}

/** Numbers of the intervals whose profiles a run has kept, ascending; empty where it kept none. */
export function ringIntervals(runFolder: string, kind: RingKind): number[] {
  try {
    const list = JSON.parse(readFileSync(path.join(runFolder, folderName, `${kind}.json`), 'utf8'));
    return (list.intervals as RingEntry[]).map(({ interval }) => Number(interval)).filter(Number.isSafeInteger);
  } catch {
    return [];
  }
}

/** @throws ProfileError where the run has none of that number */
export function readRing(runFolder: string, kind: RingKind, interval: number): Profile {
  const file = path.join(runFolder, folderName, fileName(kind, interval));
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return readPprof(readFileSync(file));
  const there = ringIntervals(runFolder, kind);
  const range = there.length > 0 ? `it has ${there[0]} to ${there.at(-1)}` : 'it has none: run it with --profile-every';
  throw new ProfileError(`${runFolder} has no profile (${kind}) of interval ${interval}: ${range}`);
}
