/** Tables as text (RFC 4180, and with tabs or semicolons): columns under a secret's name. */
import { isSecretName } from './secret-names.ts';
import { REDACTED } from './secret-text.ts';

/** A table's first line: longer ones are none. */
const HEAD_CHARACTERS_MAX = 4096;
const TYPES: ReadonlySet<string> = new Set([
  'text/csv',
  'application/csv',
  'text/tab-separated-values',
  'application/vnd.ms-excel',
]);

export const isTableType = (mediaType: string): boolean => TYPES.has(mediaType);

/** The table with each value under a secret's name replaced; the very same text where there is none. */
export function redactTable(text: string): string {
  const head = /^[^\r\n]*/.exec(text.slice(0, HEAD_CHARACTERS_MAX))![0];
  const separator = ['\t', ';', ','].find((each) => head.includes(each)) ?? ',';
  const names = fieldsOf(head, 0, separator).map(({ start, end }) => head.slice(start, end));
  const secret = names.map((name) => isSecretName(name.replaceAll('"', '').trim()));
  if (!secret.includes(true)) return text;
  let result = text.slice(0, head.length);
  let copied = head.length;
  for (let at = endOfLine(text, head.length); at < text.length; ) {
    const fields = fieldsOf(text, at, separator);
    for (const [i, { start, end }] of fields.entries()) {
      if (secret[i] !== true || start === end) continue;
      result += text.slice(copied, start) + REDACTED;
      copied = end;
    }
    at = endOfLine(text, fields.at(-1)!.end);
  }
  return result + text.slice(copied);
}

interface Field {
  readonly start: number;
  readonly end: number;
}

/** Of one line; line ends within quotes are the field's. */
function fieldsOf(text: string, from: number, separator: string): Field[] {
  const fields: Field[] = [];
  let start = from;
  let isQuoted = false;
  for (let at = from; ; at += 1) {
    const char = text[at];
    if (char === '"') isQuoted = !isQuoted;
    const ends = char === undefined || (!isQuoted && (char === '\n' || char === '\r'));
    if (!ends && (isQuoted || char !== separator)) continue;
    fields.push({ start, end: at });
    if (ends) return fields;
    start = at + 1;
  }
}

function endOfLine(text: string, from: number): number {
  let at = from;
  while (text[at] === '\r' || text[at] === '\n') at += 1;
  return at;
}
