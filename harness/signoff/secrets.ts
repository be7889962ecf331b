/**
 * No secret leaves with a bundle: texts go through the agent's own redactor and its rules, and whatever the environment calls a secret is
 * looked for by its value. Pure, but for the environment that it is given.
 */
import { isSecretName, isSecretPair } from '../../agent/witness/secret-names.ts';
import { REDACTED, redactText } from '../../agent/witness/secret-scanner.ts';

/** What stands in place of a secret. */
export const REDACTED_MARK: string = REDACTED;

/** Where a shell is: no password, whatever PWD may mean elsewhere. */
const folderNames = new Set(['PWD', 'OLDPWD']);

/** Shorter values are words that stand in any text. */
const valueCharactersMin = 8;
/** Of a JSON value: deeper is no report. */
const depthMax = 100;
/** Of members that were looked at before. */
const namesMax = 10_000;

export class Redactor {
  readonly #values: readonly string[];
  readonly #names = new Map<string, string>();

  /** @param environment variables whose names say that their values are secret are looked for by value */
  constructor(environment: Readonly<Record<string, string | undefined>>) {
    const values = Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && value.length >= valueCharactersMin && !folderNames.has(name) && isSecretName(name)
        ? [value]
        : [],
    );
    // The longest first: one may hold another.
    this.#values = values.sort((a, b) => b.length - a.length);
  }

  /** A text without what a rule, or the environment, says is secret. */
  text(text: string): string {
    const plain = this.#values.reduce((rest, value) => rest.replaceAll(value, REDACTED), text);
    return redactText(plain);
  }

  /** A value as JSON has them, every text in it redacted: names, members by their names, words behind an option. */
  value<T>(value: T): T {
    return this.#redacted(value, '', 0) as T;
  }

  #redacted(value: unknown, name: string, depth: number): unknown {
    if (depth > depthMax) return null;
    if (typeof value === 'string') return isSecretPair(name, value) ? REDACTED : this.text(value);
    if (Array.isArray(value)) return this.#list(value, depth);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [this.#name(key), this.#redacted(each, key, depth + 1)]),
    );
  }

  /** Names of columns and counters come again and again. */
  #name(key: string): string {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = this.text(key);
    if (this.#names.size < namesMax) this.#names.set(key, name);
    return name;
  }

  /** A command as words: `--password` says what the word behind it is. */
  #list(list: readonly unknown[], depth: number): unknown[] {
    // Columns of numbers are long.
    if (list.every((each) => typeof each === 'number' || each === null)) return [...list];
    return list.map((each, at) => {
      const before = list[at - 1];
      if (typeof each !== 'string' || typeof before !== 'string') return this.#redacted(each, '', depth + 1);
      const both = this.text(`${before} ${each}`);
      const alone = this.text(each);
      return both.endsWith(REDACTED) && !alone.endsWith(REDACTED) && before.startsWith('-') ? REDACTED : alone;
    });
  }
}
