/** Options of a command as they were typed, read back from its line in a bundle. Pure. */
import { REDACTED_MARK } from '../redaction/redactor.ts';
import { quotedWords } from '../requests/shown-command.ts';

/** Values of an option, in order; undefined where a secret was taken out of one. */
export type ValuesOf = (option: string) => readonly string[] | undefined;

export function typedOptions(command: string): ValuesOf {
  const words = quotedWords(command).map((word) =>
    word.replaceAll(String.raw`'\''`, '\0').replaceAll("'", '').replaceAll('\0', "'"),
  );
  return (option) => {
    const values = words.flatMap((word, at) =>
      words[at - 1] === option ? [word] : word.startsWith(`${option}=`) ? [word.slice(option.length + 1)] : [],
    );
    return values.some((value) => value.includes(REDACTED_MARK)) ? undefined : values;
  };
}

/** The environment whose limits a sign-off took (`--env`); undefined: none. */
export const environmentIn = (command: string): string | undefined => typedOptions(command)('--env')?.at(-1);
