/** What a bisection has found so far, on disk: one that was interrupted goes on where it was. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import type { Finding } from './bisect.ts';
import { parsed } from './kept-lines.ts';

const entrySchema = v.strictObject({
  finding: v.picklist(['good', 'bad', 'skipped', 'undecided']),
  /** Of the metric as a share, worse above 0; null where it was not measured. */
  change: v.nullable(v.number()),
  /** Why it could not be decided. */
  why: v.string(),
});
const logSchema = v.strictObject({
  /** How far the bad version is from the good one. */
  whole: v.number(),
  commits: v.record(v.string(), entrySchema),
});

export interface BisectEntry {
  readonly finding: Finding;
  readonly change: number | null;
  readonly why: string;
}

export interface BisectKey {
  /** What is looked for. */
  readonly question: string;
  /** What the commits are measured with: the load is the working folder's. */
  readonly files: string;
}

export class BisectLog {
  /** Whether there are findings of the same question by other files. */
  readonly hasOthers: boolean;
  readonly #file: string;
  readonly #commits = new Map<string, BisectEntry>();
  #whole: number | undefined;

  /**
   * @param key another question has another log, and so have other files
   * @param isFresh whatever is known is forgotten with the first finding
   */
  constructor(folder: string, { question, files }: BisectKey, isFresh = false) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const name = `${question}-${files}.json`;
    this.#file = path.join(folder, name);
    const isOther = (each: string) => each !== name && each.startsWith(`${question}-`) && each.endsWith('.json');
    this.hasOthers = readdirSync(folder).some(isOther);
    if (isFresh || !existsSync(this.#file)) return;
    // One that cannot be read is begun again: it costs time and nothing else.
    const read = v.safeParse(logSchema, parsed(readFileSync(this.#file, 'utf8')));
    if (!read.success) return;
    this.#whole = read.output.whole;
    for (const [commit, entry] of Object.entries(read.output.commits)) this.#commits.set(commit, entry);
  }

  get whole(): number | undefined {
    return this.#whole;
  }

  set whole(change: number) {
    this.#whole = change;
    this.#write();
  }

  get(commit: string): BisectEntry | undefined {
    return this.#commits.get(commit);
  }

  get size(): number {
    return this.#commits.size;
  }

  set(commit: string, entry: BisectEntry): void {
    this.#commits.set(commit, entry);
    this.#write();
  }

  #write(): void {
    const draft = `${this.#file}.tmp`;
    writeFileSync(draft, JSON.stringify({ whole: this.#whole ?? 0, commits: Object.fromEntries(this.#commits) }));
    renameSync(draft, this.#file);
  }
}
