/** The command line of a process that a target started, as a report holds it. Pure. */
import type { Redactor } from './redactor.ts';

/** A line of a table, and what a person reads of it. */
const charactersMax = 200;

/**
 * Secrets are taken out before it is cut: of a half no rule knows what it was.
 * @param words as the program got them, whole
 */
export function processCommand(words: readonly string[], redactor: Pick<Redactor, 'value' | 'text'>): string {
  const text = redactor.text(redactor.value(words).join(' '));
  return text.length > charactersMax ? `${text.slice(0, charactersMax - 1)}…` : text;
}
