/**
 * No secret leaves with a report's command lines or with a bundle: texts go through the agent's own redactor and its rules, and whatever the environment calls a secret is
 * looked for by its value. Pure, but for the environment that it is given.
 */
import { isSecretPair } from '../../agent/witness/secret-names.ts';
import { REDACTED } from '../../agent/witness/secret-scanner.ts';
import { isFileName, redactedOutsidePaths, redactedPath } from './file-paths.ts';
import { withoutQuotedCredentials } from './header-values.ts';
import { withoutLogins } from './logins.ts';
import { redactedMark } from './redacted-mark.ts';
import { isSecretMember, type SecretForms, secretForms } from './secret-forms.ts';
import { plainWord, shellWord, shellWords, withGluedWords, withSpacedWords } from './shell-words.ts';
import { nothingTakenOut, type TakenOut, takenOut } from './taken-out.ts';

/** Command lines of floodgate's own, in a member of that name. */
const ownCommand = /^floodgate (?:run|signoff) /;

/** What stands in place of a secret: the agent's own. */
export const REDACTED_MARK: typeof REDACTED = redactedMark;

/** Of a JSON value: deeper is no report. */
const depthMax = 100;
/** Of members that were looked at before. */
const namesMax = 10_000;

/** `GH_PAT=…`, `NPM_AUTH=…` in a command; a seed that is a number is a random generator's. */
const variablePair = /\b((?:[A-Z0-9]+_)*PAT=|(?:[A-Z0-9]+_)+(?:AUTH|SALT|SEED(?!=\d+(?![^\s"'])))=)[^\s"']+/gi;

/** A character of no text, in place of the colon of a header that was redacted. */
const colonMark = '\u0003';
const redactedHeader = /:(?=\s*\*REDACTED\*$)/g;

/** A header takes along the rest of a text: where it is a word of a command, that of the word. */
function byRules(text: string): string {
  if (text.includes(colonMark)) return redactedOutsidePaths(text);
  const held = withSpacedWords(text, (word) => redactedOutsidePaths(word).replace(redactedHeader, colonMark));
  return redactedOutsidePaths(held).replaceAll(colonMark, ':');
}

/** In a command within the quotes of another: it needs none, and rules would read them as a value. */
const quotedMark = String.raw`'\''${REDACTED}'\''`;

/** Nothing but its quotes is left. */
const isGone = (word: string): boolean => word.includes(REDACTED) && /^['"\\]*$/.test(word.replaceAll(REDACTED, ''));

/** Behind the option that names it: beside each other as a text, its second word would be another argument. */
const isSpacedSecret = (option: string, word: string): boolean =>
  /^--?[A-Za-z][\w-]*$/.test(option) && /[\s'"\\]/.test(word) && isSecretMember(option.replace(/^-+/, ''));

export class Redactor {
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #forms: SecretForms;
  readonly #names = new Map<string, string>();

  /**
   * @param environment variables whose names say that their values are secret are looked for by value
   * @param known values that are looked for as well
   */
  constructor(environment: Readonly<Record<string, string | undefined>>, known: TakenOut = nothingTakenOut) {
    this.#environment = environment;
    this.#forms = secretForms(environment, known);
  }

  /**
   * One that looks for what rules take out of a value wherever else it stands.
   * @param value as JSON has it: commands of a project, say
   * @param names that the project gives: of a scenario, say. @default none
   */
  knowing(value: unknown, names: readonly string[] = []): Redactor {
    return new Redactor(this.#environment, takenOut(value, new Redactor({}).value(value), names));
  }

  /** A text without what a rule, or the environment, says is secret. */
  text(text: string): string {
    const { short } = this.#forms;
    const plain = this.certain(text);
    return short === undefined ? plain : plain.replace(short, (value) => (value === text ? value : REDACTED));
  }

  /** The same, but for values that are short: a word of the report may be one by chance. */
  certain(text: string): string {
    const { longIn, cutAt } = this.#forms;
    const end = cutAt(text);
    const whole = end < text.length ? `${text.slice(0, end)}${REDACTED}` : text;
    const long = longIn(whole);
    const plain = long === undefined ? whole : whole.replace(long, REDACTED);
    const bare = withoutQuotedCredentials(plain.replaceAll(quotedMark, REDACTED));
    const glued = withGluedWords(bare, (name, word) => (isSecretMember(name) && !isGone(word) ? REDACTED : word));
    return byRules(withoutLogins(glued.replace(variablePair, `$1${REDACTED}`)));
  }

  /** The path of a file, without values of the environment and what has a secret's own shape: names beside one another say nothing of each other. */
  path(path: string): string {
    const long = this.#forms.longIn(path);
    return redactedPath(long === undefined ? path : path.replace(long, REDACTED));
  }

  /**
   * A command line of floodgate, word by word: a header takes along the rest of a text, and in a line that would be the words behind it.
   * What the words are stays known, so that the line can be held against its options.
   */
  command(line: string): string {
    const words = shellWords(line);
    // An open quote: nobody knows where its words end.
    if (words.join(' ') !== line) return this.text(line);
    const { short } = this.#forms;
    const plain = words.map(plainWord);
    const redacted = (this.#list(plain, 0) as string[]).map((word) =>
      short === undefined ? word : word.replace(short, REDACTED),
    );
    return redacted.map((word, at) => (word === plain[at] ? words[at]! : shellWord(word))).join(' ');
  }

  /** A value as JSON has them, every text in it redacted: names, members by their names, words behind an option. */
  value<T>(value: T): T {
    return this.#redacted(value, '', 0) as T;
  }

  #redacted(value: unknown, name: string, depth: number): unknown {
    if (depth > depthMax) return null;
    if (typeof value === 'string') {
      if (name === 'command' && ownCommand.test(value)) return this.command(value);
      const isSecret = (isSecretPair(name, value) || isSecretMember(name)) && !isFileName(name);
      return isSecret ? REDACTED : this.text(value);
    }
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
      if (isSpacedSecret(before, each)) return REDACTED;
      const both = this.text(`${before} ${each}`);
      const alone = this.text(each);
      return both.endsWith(REDACTED) && !alone.endsWith(REDACTED) && before.startsWith('-') ? REDACTED : alone;
    });
  }
}
