/** What is wrong with a value, in the words of its author: the place, the line where it is known, the nearest name. Pure. */
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import { nearestName } from '../../agent/nearest-name.ts';

/** Faults shown at once: more of them are one mistake. */
const faultsShown = 5;

export type Place = readonly (string | number)[];
/** The line that a place of a file stands in; undefined where it is not known. */
export type LineOf = (place: Place) => number | undefined;

interface Checked {
  /** As it is named in messages. */
  readonly file: string;
  readonly lineOf?: LineOf | undefined;
  readonly hint: string;
}

type AnySchema = v.GenericSchema;
type Issue = v.BaseIssue<unknown>;

/** @throws FloodgateError `config-invalid` with each fault's place, and the nearest name for an unknown key */
export function parseChecked<const Schema extends AnySchema>(
  schema: Schema,
  value: unknown,
  checked: Checked,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw refusal(
    result.issues.flatMap((issue) => faultsOf(issue, { schema, value })),
    checked,
  );
}

/** `config-invalid` with each fault's place, up to as many as are read. */
export function refusal(faults: readonly Fault[], { file, lineOf, hint }: Checked): FloodgateError {
  const lines = [...new Map(faults.map((fault) => [textOf(fault), fault])).values()].map((fault) => {
    const line = lineOf?.(fault.place);
    return `${line === undefined ? '' : `${file}:${line}: `}${textOf(fault)}`;
  });
  const shown = lines.slice(0, faultsShown).join('\n  ');
  const more = lines.length > faultsShown ? `\n  … and ${lines.length - faultsShown} more` : '';
  return new FloodgateError('config-invalid', `${file}:\n  ${shown}${more}`, { hint });
}

export interface Fault {
  readonly place: Place;
  readonly text: string;
}

function textOf({ place, text }: Fault): string {
  return `${place.join('.') || 'the configuration'}: ${text}`;
}

interface Root {
  readonly schema: AnySchema;
  readonly value: unknown;
}

function faultsOf(issue: Issue, root: Root, base: Place = []): Fault[] {
  const place = [...base, ...(issue.path ?? []).map(({ key }) => key as string | number)];
  // Of a union the branch that came furthest is the one that was meant.
  if (issue.type === 'union' && issue.issues && issue.issues.length > 0) {
    // A branch that is of another type altogether has no place in it.
    const nested = issue.issues.filter(({ type, path }) => path || !['object', 'string', 'array'].includes(type));
    const unknown = nested.filter(({ expected }) => expected === 'never');
    if (unknown.length > 0 && unknown.length === nested.length) return faultsOf(unknown[0]!, root, place);
    const names = keysAt(root.schema, root.value, place);
    const foreign = unknown.find(({ path }) => path?.length === 1 && !names.includes(String(path[0]!.key)));
    if (foreign) return faultsOf(foreign, root, place);
    const depth = (each: Issue) => each.path?.length ?? 0;
    const deepest = Math.max(0, ...nested.map(depth));
    const best = nested.filter((each) => depth(each) === deepest && deepest > 0);
    if (best.length > 0 && best.length < 3) return best.flatMap((each) => faultsOf(each, root, place));
  }
  return [{ place, text: wordsOf(issue, place, root) }];
}

function wordsOf(issue: Issue, place: Place, { schema, value }: Root): string {
  if (issue.expected === 'never') {
    const names = keysAt(schema, value, place.slice(0, -1));
    const near = nearestName(String(place.at(-1)), names);
    if (near) return `there is no such name; is "${near}" meant?`;
    return `there is no such name${names.length > 0 && names.length <= 12 ? `; the names are ${names.join(', ')}` : ''}`;
  }
  // A key of YAML with nothing behind it.
  if (issue.received === 'null') return 'it is missing';
  if (issue.received === 'undefined' && /^"\w+"$/.test(issue.expected ?? '')) return 'it is missing';
  const words = [...(issue.expected ?? '').matchAll(/"([\w-]+)"/g)].map(([, word]) => word!);
  if (words.length > 1 && issue.received === 'undefined') return `it is missing; it is one of ${words.join(', ')}`;
  if (words.length > 1 && typeof issue.input === 'string') {
    const near = nearestName(issue.input, words);
    return `there is no "${issue.input.slice(0, 60)}"; ${near ? `is "${near}" meant? ` : ''}It is one of ${words.join(', ')}`;
  }
  return issue.message;
}

/** What of a schema the walk below looks at. */
interface Walked {
  readonly type: string;
  readonly entries?: Readonly<Record<string, AnySchema>>;
  readonly wrapped?: AnySchema;
  readonly item?: AnySchema;
  readonly value?: AnySchema;
  readonly options?: readonly AnySchema[];
  readonly key?: string;
  readonly literal?: unknown;
}

/** The names that may stand at a place. @param value decides between the variants of a schema */
function keysAt(schema: AnySchema, value: unknown, place: Place): string[] {
  const { type, entries, wrapped, item, value: each, options, key } = schema as unknown as Walked;
  if (type === 'optional') return keysAt(wrapped!, value, place);
  if (options && (type === 'variant' || type === 'union')) {
    const chosen = type === 'variant' ? options.filter((option) => isVariant(option, key!, value)) : options;
    return [...new Set((chosen.length > 0 ? chosen : options).flatMap((option) => keysAt(option, value, place)))];
  }
  if (place.length === 0) return Object.keys(entries ?? {});
  const [first, ...rest] = place;
  const inner = (value as Readonly<Record<string | number, unknown>> | undefined)?.[first!];
  const next = entries?.[first!] ?? (type === 'array' ? item : type === 'record' ? each : undefined);
  return next ? keysAt(next, inner, rest) : [];
}

function isVariant(option: AnySchema, key: string, value: unknown): boolean {
  const literal = (option as unknown as Walked).entries?.[key] as unknown as Walked | undefined;
  return literal?.literal === (value as Readonly<Record<string, unknown>> | undefined)?.[key];
}
