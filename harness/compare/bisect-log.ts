/** What a bisection has found so far, on disk: one that was interrupted goes on where it was. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
  /** What they were found with: of an option its words, of a file its content as a hash. */
  conditions: v.record(v.string(), v.string()),
});

export interface BisectEntry {
  readonly finding: Finding;
  readonly change: number | null;
  readonly why: string;
}

export interface BisectKey {
  /** What is looked for: between which commits, in which scenario and metric. */
  readonly question: string;
  /** What commits are measured and judged with, by name: a finding under others is none of these. */
  readonly conditions: ReadonlyMap<string, string>;
}

/** Comparisons for the same question that do not count. */
export interface OtherFindings {
  /** Comparisons: of the bad version with the good one, and of each commit that was looked at. */
  readonly count: number;
  /** Names of the conditions that were others then. */
  readonly changed: readonly string[];
}

/** Each change of what measures begins another, of some kilobytes; the oldest go. */
const logsMax = 100;

export class BisectLog {
  readonly #folder: string;
  readonly #name: string;
  readonly #key: BisectKey;
  readonly #commits = new Map<string, BisectEntry>();
  #whole: number | undefined;

  /**
   * @param key another question has another log, and so have other conditions
   * @param isFresh whatever is known is forgotten with the first finding
   */
  constructor(folder: string, key: BisectKey, isFresh = false) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const conditions = JSON.stringify([...key.conditions].sort());
    const digest = createHash('sha256').update(conditions).digest('hex').slice(0, 16);
    [this.#folder, this.#name, this.#key] = [folder, `${key.question}-${digest}.json`, key];
    for (const file of logsIn(folder).slice(logsMax)) rmSync(file);
    if (isFresh) return;
    const kept = readLog(path.join(folder, this.#name));
    this.#whole = kept?.whole;
    for (const [commit, entry] of Object.entries(kept?.commits ?? {})) this.#commits.set(commit, entry);
  }

  /** The latest of them; undefined where there are none. */
  others(): OtherFindings | undefined {
    const isOther = (name: string) => name !== this.#name && name.startsWith(`${this.#key.question}-`);
    const latest = logsIn(this.#folder).find((file) => isOther(path.basename(file)));
    const kept = latest && readLog(latest);
    if (!kept) return undefined;
    const { conditions } = this.#key;
    const then = new Map(Object.entries(kept.conditions));
    const names = new Set([...conditions.keys(), ...then.keys()]);
    const changed = [...names].filter((name) => conditions.get(name) !== then.get(name)).sort();
    return { count: 1 + Object.keys(kept.commits).length, changed };
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
    const file = path.join(this.#folder, this.#name);
    const draft = `${file}.tmp`;
    const [commits, conditions] = [this.#commits, this.#key.conditions].map((map) => Object.fromEntries<unknown>(map));
    writeFileSync(draft, JSON.stringify({ whole: this.#whole ?? 0, commits, conditions }), { mode: 0o600 });
    renameSync(draft, file);
  }
}

/** The latest first. */
function logsIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const files = names.map((name) => path.join(folder, name));
  return files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
}

/** One that cannot be read is begun again: it costs time and nothing else. */
function readLog(file: string) {
  if (!existsSync(file)) return undefined;
  const read = v.safeParse(logSchema, parsed(readFileSync(file, 'utf8')));
  return read.success ? read.output : undefined;
}
