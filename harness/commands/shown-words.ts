/** The command line and its options as a report shows them: what reproduces the run, and no secret. */

import { shownCommand, withoutCredentials, withoutSecrets } from '../requests/shown-command.ts';
import { shownRule } from '../requests/shown-rules.ts';

/** What reproduces this run, quoted for a shell. */
export function commandLine(): string {
  return shownCommand(process.argv.slice(2));
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
