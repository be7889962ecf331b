/** What rules took out of the texts of a value, as values that other texts may hold as well: `echo KEY` beside `Authorization: Bearer KEY`. Pure. */
import { REDACTED } from '../../agent/witness/secret-scanner.ts';
import { isFileName, isWords } from './file-paths.ts';

export interface TakenOut {
  /** Looked for wherever they stand. */
  readonly keys: readonly string[];
  /** Words as people write settings: looked for as words of their own. */
  readonly words: readonly string[];
  /** What the project calls its own (a scenario): where a secret is the same, it is taken out only where it stands as a value. */
  readonly names: readonly string[];
}

export const nothingTakenOut: TakenOut = { keys: [], words: [], names: [] };

/** Shorter ones are digits and syllables. */
const charactersMin = 8;
/** Longer ones are files, and their many forms would be long in making: a private key is shorter. */
const charactersMax = 4096;
/** A scheme, other cookies and their attributes stand beside a key. */
const betweenParts = /[\s;,"'&{}[\]<>()|\\]+/;
/** What names a variable, a file of this machine, or a command whose output it is, says no secret. */
const elsewhere = /\$[\w{(]|`|\{env:|^(?:\.{1,2}|~)\//;

/** @param value as JSON has it @param redacted the same, by rules alone */
export function takenOut(value: unknown, redacted: unknown, names: readonly string[] = []): TakenOut {
  const found = new Set(
    textsIn(value, redacted)
      .flatMap(([text, plain]) => differences(text, plain))
      .flatMap(partsOf)
      .filter((each) => each.length >= charactersMin && each.length <= charactersMax)
      .filter((each) => !isFileName(each) && !elsewhere.test(each)),
  );
  // Of several words, nobody says the same by chance; and the first of them alone may be what a rule sees of it.
  const isPlain = (each: string) => isWords(each) && !/\s/.test(each);
  return { keys: [...found].filter((each) => !isPlain(each)), words: [...found].filter(isPlain), names };
}

/** Texts that were changed, and what became of them. */
function textsIn(value: unknown, redacted: unknown): (readonly [string, string])[] {
  if (typeof value === 'string' && typeof redacted === 'string') return value === redacted ? [] : [[value, redacted]];
  if (value === null || typeof value !== 'object' || redacted === null || typeof redacted !== 'object') return [];
  const others = Object.values(redacted);
  return Object.values(value).flatMap((each, at) => textsIn(each, others[at]));
}

/** What stands in the places of the marks. */
function differences(text: string, redacted: string): string[] {
  if (text.includes(REDACTED)) return [];
  // JSON's numbers and objects get quotes with the mark.
  const [first = '', ...rest] = redacted.replaceAll(`"${REDACTED}"`, REDACTED).split(REDACTED);
  let at = first.length;
  return rest.flatMap((behind, index) => {
    const end = index === rest.length - 1 ? text.length - behind.length : text.indexOf(behind, at + 1);
    if (end <= at) return [];
    const value = text.slice(at, end);
    at = end + behind.length;
    return [value];
  });
}

function partsOf(value: string): string[] {
  if (/\$\(|`/.test(value)) return [];
  const parts = value.split(betweenParts).filter((part) => part !== '');
  const named = parts.flatMap((part) => [part, part.slice(part.indexOf('=') + 1)]);
  // `Bearer letmein123`; where more stands there, words may be attributes of a cookie.
  const isShort = parts.length <= 2 && !value.includes('=');
  const whole = value.trim().replace(/^(["'])(.*)\1$/s, '$2');
  return [whole, ...named.filter((part) => isShort || !isWords(part))];
}
