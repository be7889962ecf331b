/** What `shard.json` says: the whole, this part of it, and what became of its cells. */
import * as v from 'valibot';
import { namePattern } from '../project/scenario-schema.ts';

/** A configuration may have as many scenarios; of shards there are no more, one cell each. */
export const cellsMax = 1_000;

export const textCharactersMax = 4_096;
const text = v.pipe(v.string(), v.maxLength(textCharactersMax));
const name = v.pipe(v.string(), v.regex(namePattern, 'a name of a scenario is expected'));
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits are expected'));
const whole = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(cellsMax));
const versionSchema = v.strictObject({
  /** As it was asked for: another machine may call it otherwise. */
  label: text,
  commit: v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{40,64}$/, 'a commit is expected'))),
  dirty: v.boolean(),
  package: v.nullable(text),
  key: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, '16 hexadecimal digits are expected')),
});

/** Named in a refusal: whoever has more changes sees enough. */
export const changedFilesMax = 200;

/** What every shard of one whole has in common. Not a validator to call directly. */
export const commonSchema = v.strictObject({
  floodgate: text,
  /** Of the project; null outside of a repository. */
  commit: v.nullable(text),
  /** Files that git does not know count as well: a shard may have what another has not. */
  dirty: v.boolean(),
  /** What is not committed of the files that git knows, by content; left out where there is nothing, or no commit. */
  changes: v.optional(hash),
  /** The first of them, to be named. */
  changed: v.optional(
    v.pipe(
      v.array(v.strictObject({ name: text, content: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)) })),
      v.maxLength(changedFilesMax),
    ),
  ),
  /** Of scenarios with their seeds, limits, baselines and waivers. */
  configuration: hash,
  /** The gate, or the comparison, as a whole. */
  command: text,
  /** Every cell of the whole, in order. */
  cells: v.pipe(v.array(name), v.maxLength(cellsMax)),
  /** Cells that no limit judges. */
  unlimited: v.pipe(v.array(name), v.maxLength(cellsMax)),
  /** Both versions run in every cell, and are judged there; left out for a gate. */
  comparison: v.optional(
    v.strictObject({
      base: versionSchema,
      head: versionSchema,
      /** Of the order within pairs. */
      seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff)),
      /** What an undecided comparison means for the exit code. */
      undecided: v.picklist(['fail', 'pass']),
    }),
  ),
});

/**
 * A cell that came to no verdict. `killed`: its run was ended from outside, and nothing says why; `unfinished`: no run of it has ended.
 */
const failureSchema = v.strictObject({
  cell: name,
  how: v.picklist(['killed', 'failed', 'unfinished']),
  why: text,
  /** When its run began; left out where none has, and by a floodgate of before 30 November 2026. */
  at: v.optional(
    v.pipe(
      text,
      v.check((time) => !Number.isNaN(Date.parse(time)), 'a time is expected'),
    ),
  ),
});

export type CellFailure = v.InferOutput<typeof failureSchema>;

/** Not a validator to call directly. */
export const manifestSchema = v.strictObject({
  kind: v.literal('shard'),
  schemaVersion: v.literal(1),
  common: commonSchema,
  shard: v.strictObject({ index: whole, count: whole }),
  results: v.pipe(v.array(v.strictObject({ cell: name, sha256: hash })), v.maxLength(cellsMax)),
  failures: v.optional(v.pipe(v.array(failureSchema), v.maxLength(cellsMax)), []),
});

export type Manifest = v.InferOutput<typeof manifestSchema>;
