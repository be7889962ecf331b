/** What was put into a queue at once: the cells of one gate, or of one comparison, for machines of one class. Pure. */
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import { parseQuantity } from '../metrics/quantity.ts';
import { commonSchema } from '../shards/manifest.ts';

export const batchIdPattern = /^[0-9a-f]{8}$/;
/** A name, or what a machine is by itself. A colon separates BullMQ's keys. */
const classPattern = /^[^\p{C}:]{1,200}$/u;

const word = v.pipe(v.string(), v.maxLength(4_096));
/** What may follow an option; null: nothing. */
type Options = Readonly<Record<string, RegExp | null>>;

/** Options of `floodgate gate` that a batch may have: none that names a file or a program. */
const gateOptions: Options = { '--set': /^/, '--only': /^/, '--quick': null, '--budget': /^/, '--env': /^/ };

/** Of this checkout: a package would be fetched from a registry, and a folder could be any. */
const versionPattern = /^(?:\.|[0-9a-f]{40,64})$/;

/** Options of `floodgate compare` that a batch may have. */
const comparisonOptions: Options = {
  '--base': versionPattern,
  '--head': versionPattern,
  '--only': /^/,
  '--env': /^/,
  '--metric': /^/,
  '--threshold': /^/,
  '--max-pairs': /^/,
  '--max-time': /^/,
  '--undecided': /^/,
  '--sites': /^/,
  '--seed': /^/,
};

/** Whoever can write into the queue decides which scenarios are run at which commits, and nothing else. */
function areOptions(words: readonly string[], options: Options): boolean {
  for (let at = 0; at < words.length; at++) {
    const value = Object.hasOwn(options, words[at]!) ? options[words[at]!] : undefined;
    if (value === undefined) return false;
    if (value !== null && !(++at < words.length && value.test(words[at]!))) return false;
  }
  return true;
}

/** No harness starts in less. */
const timeoutMsMin = 1_000;

const batchFields = v.strictObject({
  kind: v.literal('batch'),
  schemaVersion: v.literal(1),
  id: v.pipe(v.string(), v.regex(batchIdPattern)),
  machines: v.pipe(v.string(), v.regex(classPattern)),
  common: commonSchema,
  /** Of `floodgate gate`, or `compare`, without what a shard says for itself. */
  words: v.pipe(v.array(word), v.maxLength(3_000)),
  /** How often a cell may be lost with its harness or its worker. */
  attempts: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)),
  /** How long a cell may take. */
  timeoutMs: v.pipe(v.number(), v.integer(), v.minValue(timeoutMsMin)),
  /** Who put it there: a host, and when. */
  by: v.pipe(v.string(), v.maxLength(300)),
  at: v.pipe(v.string(), v.isoTimestamp()),
});

const batchSchema = v.pipe(
  batchFields,
  v.check(
    ({ words, common }) => areOptions(words, common.comparison === undefined ? gateOptions : comparisonOptions),
    'options of floodgate gate, or compare, are expected',
  ),
);

export type Batch = v.InferOutput<typeof batchSchema>;

/** How long a cell may take, as it is typed. @throws FloodgateError `option-invalid` */
export function cellTimeoutMs(given: string): number {
  const ms = Math.round(parseQuantity(given, '--timeout', 'seconds') * 1_000);
  if (ms >= timeoutMsMin) return ms;
  throw new FloodgateError('option-invalid', `--timeout: "${given}" is less than 1 s`, {
    hint: 'Write for example 40m, 2h.',
  });
}

/** One cell of a batch, as BullMQ holds it. `index` counts from 1, in the order of the cells. */
const cellSchema = v.strictObject({
  batch: v.pipe(v.string(), v.regex(batchIdPattern)),
  index: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

export type CellOrder = v.InferOutput<typeof cellSchema>;

/** @throws FloodgateError `queue-foreign` for what another program, or another version, has put there */
export function parseBatch(json: string): Batch {
  return parseForeign(batchSchema, json);
}

/** @throws FloodgateError `queue-foreign` */
export function parseForeign<T extends v.GenericSchema>(schema: T, json: string): v.InferOutput<T> {
  try {
    return v.parse(schema, JSON.parse(json));
  } catch (cause) {
    throw foreign(cause);
  }
}

/** @throws FloodgateError `queue-foreign` */
export function parseCell(data: unknown): CellOrder {
  const parsed = v.safeParse(cellSchema, data);
  if (parsed.success) return parsed.output;
  throw foreign(parsed.issues);
}

/** The same for the same cell: BullMQ takes each once. */
export const jobIdOf = (batch: string, index: number) => `${batch}.${index}`;

/** A name of machines as BullMQ's queues can be called. @throws FloodgateError `option-invalid` */
export function checkedClass(name: string, option: string): string {
  const text = name.replaceAll(':', ' ').replaceAll(/\s+/g, ' ').trim();
  if (classPattern.test(text)) return text;
  throw new FloodgateError('option-invalid', `${option}: a name of up to 200 characters is expected`, {
    hint: 'Example: --class bench-box.',
  });
}

function foreign(cause: unknown): FloodgateError {
  return new FloodgateError('queue-foreign', 'the queue holds something that this floodgate did not put there', {
    hint: 'Is another version, or another program, using it? Run the same floodgate everywhere, or give it a database of its own.',
    cause,
  });
}
