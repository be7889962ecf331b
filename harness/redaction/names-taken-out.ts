/** What was taken out of a command that a report shows, for whoever types it again. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import { redactedMark } from './redacted-mark.ts';

/** Of an address the user, an option, a variable or a header before its mark. */
const namedRule = new RegExp(
  String.raw`(?:\/\/([^\s:/@]*):|--?([\w-]+)\s+["']*|([\w.-]+)["']*\s*[=:]\s*["']*)${RegExp.escape(redactedMark)}`,
  'g',
);

/** @throws FloodgateError `option-invalid` where a value was copied from a report, without its secrets */
export function refuseTakenOut(option: string, text: string | undefined): void {
  if (text === undefined || !text.includes(redactedMark)) return;
  const names = [...new Set([...text.matchAll(namedRule)].map(nameOf))];
  const what = names.length === 0 ? 'A secret' : names.join(', ');
  throw new FloodgateError(
    'option-invalid',
    `${option}: ${what} ${names.length > 1 ? 'were' : 'was'} taken out: set it`,
    {
      hint: `No report holds a secret. Write it in place of ${redactedMark}, or let the program read a variable of your environment: ${text}`,
    },
  );
}

const nameOf = ([, user, option, name]: readonly (string | undefined)[]): string =>
  user === undefined ? (option ?? name ?? '').replace(/^-+/, '') : `the password of ${user || 'an address'}`;
