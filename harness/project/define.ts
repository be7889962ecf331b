/** What a project says in `floodgate.config.*`, as types. They are published as they stand here; the schemas check values for the same. */
import type { MetricName, SitePatternName } from '../metrics/metric-name.ts';
import type { FloodPlan } from '../traffic/flood/plan-types.ts';

/** `'200 MB'`, `'3 %'`, `'20 ms'`, or a number in the metric's base unit. */
export type Quantity = string | number;

/**
 * Limits by the names of metrics, and by patterns of your own for call sites: `'rss.max'`, `'bytes:src/parser/**'`. The names are in
 * docs/metrics.md.
 */
export type Limits = { [Name in MetricName]?: Quantity } & { [Sites in SitePatternName]: Quantity };

/** Traffic or load for one target, with the limits that it is judged by. */
export interface ScenarioConfig {
  name: string;
  /** One line for lists. */
  summary?: string | undefined;
  /** The real thing it stands for. */
  about?: string | undefined;
  /** What it is listed under. */
  group?: string | undefined;
  /** Names that `floodgate gate --set` takes. @default none */
  sets?: string[] | undefined;
  /** A defect of floodgate's own agent that must break its budget. */
  brokenBy?: string | undefined;
  /** A name from `targets`. @default the only target */
  target?: string | undefined;
  /** Drives the target; `{port}` is the one it listens on. */
  load?: string | undefined;
  /** With `load`: it sends no HTTP requests, so that none has to be answered. @default false */
  unanswered?: boolean | undefined;
  /** A head is compared whatever it answers: other statuses, half as many bytes, fewer answers. @default false */
  changedAnswers?: boolean | undefined;
  /** A capture file to replay, relative to the file that says so. */
  capture?: string | undefined;
  /** A capture or HAR file whose HTTP requests are sent at the target, relative to the file that says so. */
  requests?: string | undefined;
  /** With `requests`: one in flight, so that allocation by the request repeats. @default false */
  oneAtATime?: boolean | undefined;
  /** With `requests`: as fast as answers come, not at the recorded times. @default false */
  topspeed?: boolean | undefined;
  /** With `requests` or `capture`: the recording so many times over. */
  loop?: number | undefined;
  /** With `requests`: `'Authorization: Bearer {env:TOKEN}'`, in every request that has the header. */
  rewriteHeaders?: string[] | undefined;
  dropHeaders?: string[] | undefined;
  /** With `requests`: `'session={env:SESSION}'`. */
  rewriteCookies?: string[] | undefined;
  dropCookies?: string[] | undefined;
  /** One of floodgate's own scenarios (`floodgate list`). */
  builtin?: string | undefined;
  /** Traffic that is made: see docs/floods.md. */
  traffic?: FloodPlan | undefined;
  /** As `--impair` takes it. */
  impair?: string | undefined;
  /** As many TAP devices at once. @default 1 */
  interfaces?: number | undefined;
  /** Which frame goes into which: by flow, or by the interface it was captured on (of floods: the part). @default flow */
  spread?: 'flow' | 'interface' | undefined;
  /** The only interface whose frames are impaired, from 0. @default all */
  impairInterface?: number | undefined;
  /** Of every random choice. @default 1 */
  seed?: number | undefined;
  lane?: 'tap' | 'exact' | undefined;
  /** Of the recorded timing, e.g. `4`. */
  speed?: number | undefined;
  /** Frames a second. */
  pps?: number | undefined;
  /** Megabits a second. */
  mbps?: number | undefined;
  /** Rates over time, as `--profile` takes them. */
  profile?: string | undefined;
  /** Where floodgate's own agent ends. @default upload in the TAP lane */
  agentUntil?: 'tcp' | 'http' | 'bodies' | 'witnesses' | 'upload' | undefined;
  /** For floodgate's own agent. */
  agentArguments?: string[] | undefined;
  /** `'10s'`, `'2m'`. */
  duration?: string | undefined;
  idle?: string | undefined;
  recover?: string | undefined;
  budgets?: Limits | undefined;
  thresholds?: Limits | undefined;
  /** Part of `--quick`. @default false */
  quick?: boolean | undefined;
  /** For editors: where the JSON schema is. */
  $schema?: string | undefined;
}

/** A program to measure: a command, a running process, a profile endpoint, or floodgate's own agent. */
export type TargetConfig =
  | {
      command: string;
      /** A line of its output that says that it is ready; by default it is ready when it listens. */
      ready?: string | undefined;
      /** Its `net/http/pprof`, `{port}` filled in. */
      pprof?: string | undefined;
    }
  | { pid: number }
  | { url: string }
  /** floodgate's own capture agent. */
  | { agent: true };

/** Limits that hold for every scenario that does not say otherwise. */
interface Layer {
  /** Limits of one run: `{ 'rss.max': '200 MB' }`. */
  budgets?: Limits | undefined;
  /** By how much a version may be worse than another, as a share of it: `{ 'allocated.perRequest': '1 %' }`. */
  thresholds?: Limits | undefined;
}

export interface ProjectConfig extends Layer {
  /** By name. */
  targets?: Record<string, TargetConfig> | undefined;
  /** Scenarios, or globs of YAML files, or of modules that export one as default. */
  scenarios?: (ScenarioConfig | string)[] | undefined;
  /** Run in a fresh checkout before a version is measured. @default npm ci, where there is a lock file */
  build?: string | string[] | undefined;
  /** Where what was measured is kept: `false`, a path, `postgres://…`, or more of it. See docs/history.md. */
  store?:
    | false
    | string
    | {
        /** @default .floodgate/history.db, beside the configuration */
        at?: string | undefined;
        /** What this project is called in a store of several. @default the name in package.json, else of the folder */
        project?: string | undefined;
        /** Runs that are older are removed. @default 730 */
        keepDays?: number | undefined;
        /** Whole reports that are kept, the latest; figures stay. @default 500 */
        keepReports?: number | undefined;
      }
    | undefined;
  /** Where a pool of machines takes its cells from: `redis://…`, or with the class of the machines. See docs/queue.md. */
  queue?:
    | string
    | {
        /** `redis://`, `rediss://` or `unix://`. */
        at: string;
        /** Class of the machines that are to measure. @default the one that workers are there of */
        class?: string | undefined;
      }
    | undefined;
  /** By name of an environment (`--env ci`): limits that replace those above. */
  environments?: Record<string, Layer> | undefined;
  /** For editors: where the JSON schema is. */
  $schema?: string | undefined;
}

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
