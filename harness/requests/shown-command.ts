/** A command line as reports show it: quoted for a shell, and without what may be secret. Pure. */
import { redactedMark } from '../redaction/redacted-mark.ts';
import { shellWord } from '../redaction/shell-words.ts';
import { shownArguments } from './shown-rules.ts';

/** @param words behind `floodgate` */
export function shownCommand(words: readonly string[]): string {
  const shown = shownArguments(words).map((text, i, all) => {
    // Of a store's address the query may be a secret too.
    if (all[i - 1] === '--push') return withoutSecrets(text);
    if (text.startsWith('--push=')) return `--push=${withoutSecrets(text.slice('--push='.length))}`;
    return withoutCredentials(text);
  });
  return ['floodgate', ...shown.map(shellWord)].join(' ');
}

/** The words of such a line, as they are quoted in it. */
export function quotedWords(command: string): string[] {
  return command.match(/(?:[^\s']|'[^']*')+/g) ?? [];
}

const credentials = /([a-z][a-z0-9+.-]*:\/\/)([^\s/?#'"]*)@/gi;
const addresses = /^[a-z][a-z0-9+.-]*:\/\/\S*(?:, [a-z][a-z0-9+.-]*:\/\/\S*)*$/i;

/** Credentials in an address are no part of a report; in a command their place is marked, so that whoever reads it knows of them. */
export function withoutCredentials(text: string): string {
  if (addresses.test(text)) return withoutUserinfo(text);
  return text.replaceAll(credentials, (_, scheme: string, user: string) => {
    const name = user.includes(':') ? user.slice(0, user.indexOf(':') + 1) : '';
    return `${scheme}${name}${redactedMark}@`;
  });
}

/** As earlier versions wrote commands. */
export const withoutUserinfo = (text: string): string => text.replaceAll(credentials, '$1');

/** An address as it may be shown: without credentials, and without what its query says. */
export function withoutSecrets(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1').replace(/\?[^#]*/, '?…');
}
