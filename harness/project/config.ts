/** The schema that every form of `floodgate.config.*` is checked against. Its types are in `define.ts`. */
import * as v from 'valibot';
import { command, limits, name, scenarioSchema } from './scenario-schema.ts';

const targetSchema = v.union(
  [
    v.strictObject({
      command,
      /** A line of its output that says that it is ready; by default it is ready when it listens. */
      ready: v.optional(v.pipe(v.string(), v.maxLength(400))),
      /** Its `net/http/pprof`, `{port}` filled in. */
      pprof: v.optional(v.pipe(v.string(), v.maxLength(2_048))),
    }),
    v.strictObject({ pid: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
    v.strictObject({ url: v.pipe(v.string(), v.url()) }),
    /** floodgate's own capture agent. */
    v.strictObject({ agent: v.literal(true) }),
  ],
  'a target is { command }, { pid }, { url } or { agent: true }',
);

const layerSchema = {
  budgets: v.optional(limits),
  thresholds: v.optional(limits),
};

/** An address: a path (SQLite), or `postgres://…`. */
const address = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(2_048));
const count = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

const storeSchema = v.union(
  [
    v.literal(false),
    address,
    v.strictObject({
      /** @default .floodgate/history.db, beside the configuration */
      at: v.optional(address),
      /** What this project is called in a store of several. @default the name in package.json, else of the folder */
      project: v.optional(name),
      /** Runs that are older are removed. @default 730 */
      keepDays: v.optional(count(1, 36_500)),
      /** Whole reports that are kept, the latest; figures stay. @default 500 */
      keepReports: v.optional(count(0, 100_000)),
    }),
  ],
  'a store is false, a path, "postgres://…", or { at, project, keepDays, keepReports }',
);

const queueSchema = v.union(
  [
    address,
    v.strictObject({
      /** `redis://`, `rediss://` or `unix://`. */
      at: address,
      /** Class of the machines that are to measure. @default the one that workers are there of */
      class: v.optional(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200))),
    }),
  ],
  'a queue is "redis://…", or { at, class }',
);

export const configSchema = v.strictObject({
  targets: v.optional(v.record(name, targetSchema)),
  /** Scenarios, or globs of YAML files, or of modules that export one as default. */
  scenarios: v.optional(
    v.pipe(v.array(v.union([scenarioSchema, v.pipe(v.string(), v.maxLength(1_024))])), v.maxLength(1_000)),
  ),
  /** For every scenario that does not say otherwise. */
  ...layerSchema,
  /** Run in a fresh checkout before a version is measured. @default npm ci, where there is a lock file */
  build: v.optional(v.union([command, v.pipe(v.array(command), v.maxLength(20))])),
  /** Where what was measured is kept: see docs/history.md. */
  store: v.optional(storeSchema),
  /** Where a pool of machines takes its cells from: see docs/queue.md. */
  queue: v.optional(queueSchema),
  /** By name of an environment (`--env ci`): limits that replace those above. */
  environments: v.optional(v.record(name, v.strictObject(layerSchema))),
  /** For editors: where this schema is. */
  $schema: v.optional(v.pipe(v.string(), v.maxLength(2_048))),
});
