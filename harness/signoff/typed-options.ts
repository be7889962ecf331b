/** Options of a command as they were typed, read back from its line in a bundle as the program reads them. Pure. */
import { REDACTED_MARK } from '../redaction/redactor.ts';
import { plainWord, shellWord, shellWords } from '../redaction/shell-words.ts';

/** Values of an option, in order. */
export type ValuesOf = (option: string) => readonly string[];

/** Names of files may hold a secret; of nothing else can one be taken out. */
const files = ['--key', '--passphrase-file', '--out', '--config'];
const plain = [
  ...['--release', '--candidate', '--previous', '--set', '--only', '--env'],
  ...['--lane', '--compare-lane', '--max-pairs', '--max-time', '--seed'],
];
/** With a value, and without. */
export const signoffOptions: { readonly valued: readonly string[]; readonly flags: readonly string[] } = {
  valued: [...files, ...plain],
  flags: ['--against-itself', '--archive', '--no-pdf', '--include-snapshots'],
};

export interface TypedCommand {
  readonly valuesOf: ValuesOf;
  /** Options without a value. */
  readonly flags: ReadonlySet<string>;
  /** Why no sign-off has such a command, in words; undefined: one may have it. */
  readonly fault: string | undefined;
}

/** Of any command of floodgate. */
export function typedOptions(command: string): ValuesOf {
  const words = shellWords(command).map(plainWord);
  return (option) =>
    words.flatMap((word, at) =>
      words[at - 1] === option ? [word] : word.startsWith(`${option}=`) ? [word.slice(option.length + 1)] : [],
    );
}

/** Another version may have options of its own: `fault` names the first, and the others are read all the same. */
export function typedCommand(command: string): TypedCommand {
  const words = shellWords(command);
  const [program, name, ...rest] = words.map(plainWord);
  const values = new Map<string, string[]>();
  const flags = new Set<string>();
  let fault = program === 'floodgate' && name === 'signoff' ? undefined : 'it is no floodgate signoff';
  if (command !== words.join(' ')) fault ??= 'a quote in it is open';
  const isWritten = (word: string) => word.includes(REDACTED_MARK) || shellWord(plainWord(word)) === word;
  if (!words.every(isWritten)) fault ??= 'floodgate quotes its words otherwise';
  for (let at = 0; at < rest.length; at++) {
    const [, option = '', joined] = /^(--[^=]+)(?:=(.*))?$/s.exec(rest[at]!) ?? [];
    if (signoffOptions.flags.includes(option) && joined === undefined) {
      flags.add(option);
      continue;
    }
    if (!signoffOptions.valued.includes(option)) {
      fault ??= 'it has a word that is no option of floodgate signoff';
      if (rest[at] === '--') break;
      continue;
    }
    const value = joined ?? rest[++at];
    if (value === undefined) fault ??= `${option} has no value`;
    else values.set(option, [...(values.get(option) ?? []), value]);
    if (value?.includes(REDACTED_MARK) && plain.includes(option))
      fault ??= `the value of ${option} was taken out of it`;
  }
  return { valuesOf: (option) => values.get(option) ?? [], flags, fault };
}

/** The environment whose limits a sign-off took (`--env`); undefined: none. */
export const environmentIn = (command: string): string | undefined => typedCommand(command).valuesOf('--env').at(-1);
