/** What a project says in `floodgate.config.*`: types for completion, and the schema that every form of it is checked against. */
import * as v from 'valibot';

const name = v.pipe(
  v.string(),
  v.regex(/^[\w][\w.-]{0,79}$/, 'a name of letters, digits, ".", "_" and "-", up to 80 characters'),
);
const command = v.pipe(v.string(), v.trim(), v.minLength(1, 'a command is expected'), v.maxLength(8_192));
/** `'200 MB'`, `'3 %'`, `'20 ms'`, or a number in the metric's base unit. */
const quantity = v.union(
  [v.pipe(v.string(), v.maxLength(40)), v.number()],
  'a quantity such as "200 MB" or "3 %" is expected',
);
const limits = v.record(v.pipe(v.string(), v.maxLength(300)), quantity);
const time = v.pipe(v.string(), v.regex(/^\d+(\.\d+)? *(ms|s|min|h)$/, 'a time such as "10s" or "2min" is expected'));

const rules = v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(8_192))), v.maxLength(100));

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

const scenarioSchema = v.strictObject({
  name,
  /** A name from `targets`. @default the only target */
  target: v.optional(name),
  /** Drives the target; `{port}` is the one it listens on. */
  load: v.optional(command),
  /** A capture file to replay, relative to the configuration. */
  capture: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4_096))),
  /** A capture or HAR file whose HTTP requests are sent at the target, relative to the configuration. */
  requests: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4_096))),
  /** With `requests`: one in flight, so that allocation by the request repeats. @default false */
  oneAtATime: v.optional(v.boolean()),
  /** With `requests`: as fast as answers come, not at the recorded times. @default false */
  topspeed: v.optional(v.boolean()),
  /** With `requests` or `capture`: the recording so many times over. */
  loop: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000))),
  /** With `requests`: `'Authorization: Bearer {env:TOKEN}'`, in every request that has the header. */
  rewriteHeaders: v.optional(rules),
  dropHeaders: v.optional(rules),
  /** With `requests`: `'session={env:SESSION}'`. */
  rewriteCookies: v.optional(rules),
  dropCookies: v.optional(rules),
  /** One of floodgate's own scenarios (`floodgate list`). */
  builtin: v.optional(name),
  lane: v.optional(v.picklist(['tap', 'exact'])),
  /** Of the recorded timing, e.g. `4`. */
  speed: v.optional(v.pipe(v.number(), v.gtValue(0), v.finite())),
  duration: v.optional(time),
  idle: v.optional(time),
  recover: v.optional(time),
  budgets: v.optional(limits),
  thresholds: v.optional(limits),
  /** Part of `--quick`. @default false */
  quick: v.optional(v.boolean()),
});

const layerSchema = {
  budgets: v.optional(limits),
  thresholds: v.optional(limits),
};

const configSchema = v.strictObject({
  targets: v.optional(v.record(name, targetSchema)),
  /** Scenarios, or globs of modules that export one as default. */
  scenarios: v.optional(
    v.pipe(v.array(v.union([scenarioSchema, v.pipe(v.string(), v.maxLength(1_024))])), v.maxLength(1_000)),
  ),
  /** For every scenario that does not say otherwise. */
  ...layerSchema,
  /** Run in a fresh checkout before a version is measured. @default npm ci, where there is a lock file */
  build: v.optional(v.union([command, v.pipe(v.array(command), v.maxLength(20))])),
  /** By name of an environment (`--env ci`): limits that replace those above. */
  environments: v.optional(v.record(name, v.strictObject(layerSchema))),
});

/** A program to measure: a command, a running process, a profile endpoint, or floodgate's own agent. */
export type TargetConfig = v.InferOutput<typeof targetSchema>;
/** Traffic or load for one target, with the limits that it is judged by. */
export type ScenarioConfig = v.InferOutput<typeof scenarioSchema>;
export type ProjectConfig = v.InferOutput<typeof configSchema>;
/** For reading a schema's keys; not a validator to call directly. */
export { configSchema, layerSchema, scenarioSchema, targetSchema };

/**
 * Types a configuration: `export default defineConfig({ … })` in `floodgate.config.ts`. Checks nothing by itself; the file
 * is checked when a command reads it.
 */
export function defineConfig(config: ProjectConfig): ProjectConfig {
  return config;
}

/** Types a scenario in a module of its own: `export default defineScenario({ … })`, found by a glob in `scenarios`. */
export function defineScenario(scenario: ScenarioConfig): ScenarioConfig {
  return scenario;
}
