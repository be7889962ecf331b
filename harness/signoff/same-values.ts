/** Whether what the data come to is what a bundle says, as JSON has both. Pure. */
import { isDeepStrictEqual } from 'node:util';

export type Rows = readonly { readonly name: string }[];

/** Sentences for people. */
const wordNames = new Set(['note', 'notes', 'headline']);

const withoutWords = (name: string, each: unknown): unknown => (wordNames.has(name) ? undefined : each);

/** As JSON has it: what is undefined is not there. @param withWords sentences stay in it: nothing is called for each member then */
export function plain(value: unknown, withWords = true): unknown {
  return JSON.parse(JSON.stringify(value, withWords ? undefined : withoutWords));
}

/** As JSON has them. @param withWords sentences count as well */
export function isSame(a: unknown, b: unknown, withWords = true): boolean {
  return isDeepStrictEqual(plain(a, withWords), plain(b, withWords));
}

/** Of the rows that are known now, those that the bundle has. */
export function knownIn<T extends { readonly name: string }>(stored: Rows, again: readonly T[]): readonly T[] {
  const names = new Set(stored.map(({ name }) => name));
  return again.filter(({ name }) => names.has(name));
}

/** Metrics that builds of this version did not have from the first: a bundle may know none of them. */
const added: ReadonlySet<string> = new Set(['allocated.offHeapPerRequest']);

/** All rows that are known now, but for those that were added where the bundle does not have them. */
export function wholeBy<T extends { readonly name: string }>(stored: Rows, again: readonly T[]): readonly T[] {
  const names = new Set(stored.map(({ name }) => name));
  return again.filter(({ name }) => names.has(name) || !added.has(name));
}

/** The first row that is not the same, in words. */
export function firstDifference(again: Rows, stored: Rows, withWords: boolean): string {
  const row = again.find((each, at) => !isSame(each, stored[at] ?? null, withWords)) ?? stored.at(-1);
  return `${row?.name ?? 'what is judged'} is not what the data say`;
}

/** Of two values those members that both have: another version may have more of them. */
export function isSameWhereBoth(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, at) => isSameWhereBoth(each, b[at]));
  if (!isObject(a) || !isObject(b)) return isDeepStrictEqual(a, b);
  return Object.entries(a).every(([name, each]) => !Object.hasOwn(b, name) || isSameWhereBoth(each, b[name]));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
