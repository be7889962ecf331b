/** Profiles of what is alive, taken every so often and forgotten again: when a spike comes, one from before it is at hand. */
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { readInterval } from '../profile/files.ts';
import { writePprof } from '../profile/pprof.ts';

export interface SideProfile {
  readonly tMs: number;
  /** Gzipped pprof. */
  readonly bytes: Uint8Array;
}

/** A spike may have begun before the last one. */
const keptMax = 3;
/** A larger one is not kept: three of them are held. */
const profileBytesMax = 16 << 20;

export class SideProfiles {
  /** The last ones, the oldest first. */
  readonly kept: SideProfile[] = [];
  /** What went wrong last; empty where nothing did. */
  fault = '';
  taken = 0;
  readonly #channel: Duplex;
  readonly #nowMs: () => number;
  #next = 0;
  #waiting: ((profile: SideProfile | undefined) => void) | undefined;

  constructor(channel: Duplex, nowMs: () => number) {
    this.#channel = channel;
    this.#nowMs = nowMs;
    createInterface({ input: channel }).on('line', (line) => this.#said(line));
    channel.on('error', () => {});
    channel.on('close', () => this.#settle(undefined));
  }

  /** Takes one and keeps it. @returns undefined where it failed, or one is being taken */
  async take(): Promise<SideProfile | undefined> {
    if (this.#waiting || this.#channel.destroyed) return undefined;
    const profile = await new Promise<SideProfile | undefined>((resolve) => {
      this.#waiting = resolve;
      this.#channel.write(`cut ${this.#next++}\n`);
    });
    if (!profile) return undefined;
    this.taken += 1;
    this.kept.push(profile);
    if (this.kept.length > keptMax) this.kept.shift();
    return profile;
  }

  /** The last one from before a moment. */
  before(tMs: number): SideProfile | undefined {
    return this.kept.findLast((each) => each.tMs <= tMs) ?? undefined;
  }

  #said(line: string): void {
    const said = JSON.parse(line);
    if (said.type === 'error') {
      this.fault = String(said.message).slice(0, 300);
      this.#settle(undefined);
    } else if (said.type === 'profile') this.#settle(this.#read(said));
  }

  #read(interval: Parameters<typeof readInterval>[0]): SideProfile | undefined {
    try {
      const read = readInterval(interval, 'inuse_space', { heap: 64 << 10, offHeap: 64 << 10 });
      const bytes = read && writePprof(read.heap);
      if (bytes && bytes.length <= profileBytesMax) return { tMs: this.#nowMs(), bytes };
      this.fault = bytes ? `a profile of ${bytes.length} bytes is not kept` : 'the profile cannot be read';
    } catch (error) {
      this.fault = (error as Error).message.slice(0, 300);
    }
    return undefined;
  }

  #settle(profile: SideProfile | undefined): void {
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.(profile);
  }
}
