/** The real scanner; what it is to look at is split into words first. */
import { redactText as redact } from '../../../agent/witness/secret-scanner.ts';

export * from '../../../agent/witness/secret-scanner.ts';

let longest = 0;

export function redactText(input: string): string {
  for (const word of wordsOf(input)) longest = Math.max(longest, word.length);
  return redact(input);
}

function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (let at = 0; at < text.length; at += 1) {
    words.push(
      ...text
        .slice(at, at + 24)
        .toLowerCase()
        .split(/[^a-z0-9]+/),
    );
  }
  return words;
}
