/**
 * Values of `Authorization` and `Proxy-Authorization` that have quotes in them (`Digest username="u", response="…"`, RFC 9110, section 11.4): whole, whatever
 * the scheme. Other rules end a value at its quote. Pure.
 */
import { REDACTED } from '../../agent/witness/secret-scanner.ts';

/** The quote before the name, the name, the quote behind it, and the quote that the value begins with where names are quoted by themselves. */
const headerRule =
  /(?<opener>\\{0,8}["'])?(?<![\w-])(?:Proxy-)?Authorization(?:(?<closer>\\{0,8}["'])\s{0,8}[:,]\s{0,8}(?<own>\\{0,8}["'])|:(?:\\?[ \t]){0,8})/gi;

/** A text without them. */
export function withoutQuotedCredentials(text: string): string {
  let out = '';
  let done = 0;
  let lineEnd = -1;
  for (const match of text.matchAll(headerRule)) {
    const from = match.index + match[0].length;
    if (match.index < done) continue;
    if (lineEnd < from) lineEnd = endOfLine(text, from);
    const end = endOfValue(text.slice(0, lineEnd), match.index, from, match.groups!);
    if (!/["']/.test(text.slice(from, end))) continue;
    out += `${text.slice(done, from)}${REDACTED}`;
    done = end;
  }
  return done === 0 ? text : out + text.slice(done);
}

function endOfLine(text: string, from: number): number {
  const feed = text.indexOf('\n', from);
  return feed < 0 ? text.length : text[feed - 1] === '\r' && feed > from ? feed - 1 : feed;
}

/** @param text to the end of the line @param at where the header begins @param from where its value does */
function endOfValue(
  text: string,
  at: number,
  from: number,
  { opener, closer, own }: Record<string, string | undefined>,
) {
  if (closer !== undefined) return closing(text, from, own!) ?? text.length;
  const quote = opener ?? enclosing(text, at);
  if (quote !== undefined) {
    const end = closing(text, from, quote);
    // To a shell, what is glued to a quote is one word with it.
    return end === undefined
      ? text.length
      : /["'\w$]/.test(text[end + quote.length] ?? '')
        ? endOfWord(text, end + 1)
        : end;
  }
  // A word of a command has no blank; a line of a text has one behind the colon.
  const isWord = !/[ \t]/.test(text[from - 1]!) || text[from - 2] === '\\';
  if (isWord) return endOfWord(text, from);
  // A value in its own quotes is a text of a program: other rules know where it ends.
  return /["']/.test(text[from] ?? '') ? from : text.length;
}

function endOfWord(text: string, from: number): number {
  wordRest.lastIndex = from;
  return from + wordRest.exec(text)![0].length;
}

const wordRest = /(?:\\[^\n]|'[^'\n]*'|"(?:[^"\\\n]|\\[^\n])*"|[^\s\\])*/y;

/** A command is shorter; a text of one long line is read once, not once a header. */
const lookedBackMax = 16_384;

/** The quote that is open there, as a shell reads the text. */
function enclosing(text: string, at: number): string | undefined {
  let open: string | undefined;
  const lineAt = Math.max(text.lastIndexOf('\n', at) + 1, at - lookedBackMax);
  for (let i = lineAt; i < at; i += 1) {
    const character = text[i]!;
    if (character === '\\' && open !== "'") i += 1;
    else if (open === undefined && (character === '"' || character === "'")) open = character;
    else if (character === open) open = undefined;
  }
  return open;
}

/** Where the same quote is in the line, with as many backslashes before it; undefined where it is not closed. */
function closing(text: string, from: number, quote: string): number | undefined {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    if (quote === "'" || text[at - 1] !== '\\' || at === from) return at;
  }
  return undefined;
}
