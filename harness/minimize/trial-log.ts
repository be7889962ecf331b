/**
 * Every trial of a minimization, on disk as it ends: one that was killed goes on where it was, since the search takes the same
 * way again, and what was tried already costs nothing.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import { keepLine, keptLines, parsed } from '../compare/kept-lines.ts';
import type { Observation } from './condition.ts';

const nullableNumber = v.nullable(v.number());
const figureSchema = v.strictObject({
  state: v.picklist(['value', 'undecided', 'notMeasured']),
  value: nullableNumber,
  low: nullableNumber,
  high: nullableNumber,
  note: v.string(),
});
const trialSchema = v.strictObject({
  key: v.string(),
  seen: v.strictObject({
    figures: v.record(v.string(), figureSchema),
    suspects: v.array(v.string()),
    causes: v.array(v.string()),
    exitCode: nullableNumber,
    failure: v.string(),
    sinceTraffic: v.optional(v.record(v.string(), v.number())),
    growth: v.optional(v.strictObject({ frames: v.number(), gains: v.array(v.number()) })),
  }),
  ms: v.number(),
});
const stateSchema = v.strictObject({
  /** Levels that are done. */
  levels: v.number(),
  /** Of the file that is the smallest so far, in this folder; empty: the capture itself. */
  file: v.string(),
  /** The way to it: names what is tried from here. */
  id: v.string(),
  lane: v.picklist(['tap', 'exact', 'load']),
  shifts: v.record(v.string(), v.number()),
  done: v.array(v.string()),
  /** What was kept before it, the last first, in this folder too. */
  earlier: v.optional(v.array(v.strictObject({ file: v.string(), id: v.string() })), []),
});

/** Where a minimization stands between two levels. */
export type MinimizeState = v.InferOutput<typeof stateSchema>;

export class TrialLog {
  readonly folder: string;
  readonly #trials = new Map<string, Observation>();
  /** Time that trials took, those of before an interruption too. */
  spentMs = 0;
  #state: MinimizeState | undefined;

  /**
   * @param question what is looked for: the folder of another one is refused
   * @throws FloodgateError `option-invalid` where the folder belongs to another question
   */
  constructor(folder: string, question: string, fresh: boolean) {
    this.folder = folder;
    const file = path.join(folder, 'question.json');
    if (!existsSync(file) && existsSync(folder) && readdirSync(folder).length > 0) {
      throw new FloodgateError('option-invalid', `${folder} holds other files`, { hint: 'Give another -o.' });
    }
    if (fresh) rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (existsSync(file) && readFileSync(file, 'utf8') !== question) {
      throw new FloodgateError('option-invalid', `${folder} belongs to another question`, {
        hint: 'Give another -o, or --fresh to begin anew.',
      });
    }
    writeFileSync(file, question, { mode: 0o600 });
    this.#read();
    this.#clean();
  }

  get size(): number {
    return this.#trials.size;
  }

  get #file(): string {
    return path.join(this.folder, 'trials.jsonl');
  }

  get state(): MinimizeState | undefined {
    return this.#state;
  }

  get(key: string): Observation | undefined {
    return this.#trials.get(key);
  }

  add(key: string, seen: Observation, ms: number): void {
    this.#trials.set(key, seen);
    this.spentMs += ms;
    keepLine(this.#file, { key, seen, ms });
  }

  keep(state: MinimizeState): void {
    this.#state = state;
    const file = path.join(this.folder, 'state.json');
    writeFileSync(`${file}.part`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${file}.part`, file);
  }

  #read(): void {
    for (const line of keptLines(this.#file)) {
      const read = v.safeParse(trialSchema, line);
      if (!read.success) continue;
      this.spentMs += read.output.ms;
      // What could not be run then may run now: a target that was missing, a disk that was full.
      if (read.output.seen.failure === '') this.#trials.set(read.output.key, read.output.seen);
    }
    const file = path.join(this.folder, 'state.json');
    if (!existsSync(file)) return;
    const read = v.safeParse(stateSchema, parsed(readFileSync(file, 'utf8')));
    const isThere = read.success && (read.output.file === '' || existsSync(path.join(this.folder, read.output.file)));
    if (isThere) this.#state = read.output;
  }

  /** What a run that was killed left: candidates and folders of trials. */
  #clean(): void {
    const found = [this.#state, ...(this.#state?.earlier ?? [])].map((each) => each?.file);
    const kept = new Set(['question.json', 'trials.jsonl', 'state.json', 'source.pcap', ...found]);
    for (const name of readdirSync(this.folder)) {
      if (!kept.has(name)) rmSync(path.join(this.folder, name), { recursive: true, force: true });
    }
  }
}
