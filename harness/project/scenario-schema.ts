/** The schema of a scenario: in a configuration, in a file of its own, and in floodgate's own library. Its types are in `define.ts`. */
import * as v from 'valibot';
import { timeUnitPattern } from '../../reports/time-units.ts';
import { agentStages } from '../scenario/agent-stage.ts';
import { floodSchema } from '../traffic/flood/plan.ts';
import { interfacesMax } from '../traffic/spread-traffic.ts';
import type { Limits } from './define.ts';

/** Of scenarios, targets and projects; scenarios are folders of a report as well. */
export const namePattern = /^[\w][\w.-]{0,79}$/;
export const name = v.pipe(
  v.string(),
  v.regex(namePattern, 'a name of letters, digits, ".", "_" and "-", up to 80 characters'),
);
export const command = v.pipe(v.string(), v.trim(), v.minLength(1, 'a command is expected'), v.maxLength(8_192));
/** `'200 MB'`, `'3 %'`, `'20 ms'`, or a number in the metric's base unit. */
const quantity = v.union(
  [v.pipe(v.string(), v.maxLength(40)), v.number()],
  'a quantity such as "200 MB" or "3 %" is expected',
);
/** Names that there are not are found behind the schema, which would not say the nearest. */
export const limits = v.record(v.pipe(v.string(), v.maxLength(300)), quantity) as v.GenericSchema<Limits>;
const timeExpected = 'a time such as "10s" or "2m" is expected';
const time = v.pipe(
  v.string(({ received }) => `${timeExpected}, not ${received}`),
  v.regex(new RegExp(`^\\d+(\\.\\d+)? *(${timeUnitPattern})$`), timeExpected),
);
/** Of heads of requests. */
const rules = v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(8_192))), v.maxLength(100));
const rate = v.pipe(v.number(), v.gtValue(0), v.finite());

export const scenarioSchema = v.strictObject({
  name,
  /** One line for lists. */
  summary: v.optional(v.pipe(v.string(), v.trim(), v.maxLength(200))),
  /** The real thing it stands for. */
  about: v.optional(v.pipe(v.string(), v.trim(), v.maxLength(4_000))),
  /** What it is listed under. */
  group: v.optional(name),
  /** Names that `floodgate gate --set` takes. @default none */
  sets: v.optional(v.pipe(v.array(name), v.maxLength(20))),
  /** A defect of floodgate's own agent that must break its budget. */
  brokenBy: v.optional(name),
  /** A name from `targets`. @default the only target */
  target: v.optional(name),
  /** Drives the target; `{port}` is the one it listens on. */
  load: v.optional(command),
  /** With `load`: it sends no HTTP requests, so that none has to be answered. @default false */
  unanswered: v.optional(v.boolean()),
  /** A head is compared whatever it answers: other statuses, half as many bytes, fewer answers. @default false */
  changedAnswers: v.optional(v.boolean()),
  /** A capture file to replay, relative to the file that says so. */
  capture: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4_096))),
  /** A capture or HAR file whose HTTP requests are sent at the target, relative to the file that says so. */
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
  /** Traffic that is made: see docs/floods.md. */
  traffic: v.optional(floodSchema),
  /** As `--impair` takes it. */
  impair: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4_096))),
  /** As many TAP devices at once. @default 1 */
  interfaces: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(interfacesMax))),
  /** Which frame goes into which: by flow, or by the interface it was captured on (of floods: the part). @default flow */
  spread: v.optional(v.picklist(['flow', 'interface'])),
  /** The only interface whose frames are impaired, from 0. @default all */
  impairInterface: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(interfacesMax - 1))),
  /** Of every random choice. @default 1 */
  seed: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff))),
  lane: v.optional(v.picklist(['tap', 'exact'])),
  /** Of the recorded timing, e.g. `4`. */
  speed: v.optional(rate),
  /** Frames a second. */
  pps: v.optional(rate),
  /** Megabits a second. */
  mbps: v.optional(rate),
  /** Rates over time, as `--profile` takes them. */
  profile: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4_096))),
  /** Where floodgate's own agent ends. @default upload in the TAP lane */
  agentUntil: v.optional(v.picklist(agentStages)),
  /** For floodgate's own agent. */
  agentArguments: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(1_024))), v.maxLength(40))),
  duration: v.optional(time),
  idle: v.optional(time),
  recover: v.optional(time),
  budgets: v.optional(limits),
  thresholds: v.optional(limits),
  /** Part of `--quick`. @default false */
  quick: v.optional(v.boolean()),
  /** For editors: where this schema is. */
  $schema: v.optional(v.pipe(v.string(), v.maxLength(2_048))),
});
