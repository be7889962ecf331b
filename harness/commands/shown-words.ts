/** The command line and its options as a report shows them: what reproduces the run, and no secret. */

import { shownArguments, shownRule } from '../requests/shown-rules.ts';

/** What reproduces this run, quoted for a shell. */
export function commandLine(): string {
  const shown = shownArguments(process.argv.slice(2)).map((text, i, all) => {
    // Of a store's address the query may be a secret too.
    if (all[i - 1] === '--push') return withoutSecrets(text);
    if (text.startsWith('--push=')) return `--push=${withoutSecrets(text.slice('--push='.length))}`;
    return withoutCredentials(text);
  });
  return ['floodgate', ...shown.map(shellWord)].join(' ');
}

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A flag as it is typed: `--rewrite-header` for `rewriteHeader`. */
export function optionOf(flag: string): string {
  return `--${flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Options as given, to be read by a person. */
export function optionWords(flags: object): Record<string, string> {
  const words: Record<string, string> = {};
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const option = optionOf(name);
    const text = Array.isArray(value) ? value.map((each) => shownRule(option, String(each))).join(', ') : String(value);
    words[name] = (name === 'push' ? withoutSecrets : withoutCredentials)(text);
  }
  return words;
}

/** Credentials in an address are no part of a report. */
function withoutCredentials(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#'"]*@/gi, '$1');
}

/** An address as it may be shown: without credentials, and without what its query says. */
export function withoutSecrets(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1').replace(/\?[^#]*/, '?…');
}
