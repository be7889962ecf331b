/** Which codings a message says its body is in: content codings (RFC 9110, 8.4) and transfer codings (RFC 9112, 7). */
import type { Coding } from '../coding/decoding-stage.ts';
import { MessageFlag } from '../http/message-flag.ts';
import type { HeaderFields } from '../http/message-handler.ts';

export interface CodingList {
  /** To be undone, first applied first; empty where nothing is coded, or where `refused` says why nothing is undone. */
  readonly codings: readonly Coding[];
  /** Why the body stays as it came: what is wrong with the list, in words; '' where nothing is. */
  readonly refused: string;
}

/** Codings on one message: more is an attack, RFC 9110 knows no use for it. */
export const codingsMax = 3;
/** Items of Transfer-Encoding looked at: what is cut off is more than can be undone. */
const transferItemsMax = 1000;
/** Characters of a name that is not known, as it is reported. */
const nameCharactersMax = 40;

/** What nearly every message says. */
export const noCodings: CodingList = { codings: [], refused: '' };
const justGzip: CodingList = { codings: ['gzip'], refused: '' };

const known: Readonly<Record<string, Coding | undefined>> = Object.assign(Object.create(null), {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
  zstd: 'zstd',
});

/** Of a message whose head is at hand. Content codings were applied before transfer codings. */
export function codingsOf(message: { readonly headers: HeaderFields; readonly flags: number }): CodingList {
  const { headers, flags } = message;
  // A list may come on several lines (RFC 9110, section 5.3).
  return codingsIn(headers.all('content-encoding') ?? '', headers.all('transfer-encoding') ?? '', flags);
}

/** Of the fields' values, all lines of each. */
export function codingsIn(content: string, transfer: string, flags: number): CodingList {
  // `chunked` on the first of several lines is unusual, and flagged.
  const isPlain = transfer === '' || (transfer === 'chunked' && (flags & MessageFlag.unusualEncoding) === 0);
  return parseCodings(content, isPlain ? '' : transfer);
}

/**
 * Parses the values of Content-Encoding and Transfer-Encoding.
 * @param transfer its last item `chunked`, which the framing has removed already, or none
 */
export function parseCodings(content: string, transfer = ''): CodingList {
  if (transfer === '' && content === '') return noCodings;
  if (transfer === '' && content === 'gzip') return justGzip;
  const codings: Coding[] = [];
  const refused = collect(content, codings) || collect(withoutChunked(transfer), codings);
  if (refused !== '') return { codings: [], refused };
  return codings.length === 0 ? noCodings : { codings, refused: '' };
}

/** @returns why the list cannot be undone, or '' */
function collect(value: string, codings: Coding[]): string {
  for (let at = 0; at < value.length; ) {
    const comma = value.indexOf(',', at);
    const end = comma < 0 ? value.length : comma;
    // A transfer coding may have parameters (RFC 9112, section 7).
    const name = value.slice(at, end).split(';', 1)[0]!.trim().toLowerCase();
    at = end + 1;
    if (name === '' || name === 'identity') continue;
    const coding = known[name];
    if (coding === undefined) return `the coding ${JSON.stringify(name.slice(0, nameCharactersMax))} is not supported`;
    if (codings.push(coding) > codingsMax) return `more than ${codingsMax} codings are not undone`;
  }
  return '';
}

/** Elsewhere than at the end it does not frame: the list cannot be undone then. Some proxies say it twice and do it once. */
function withoutChunked(transfer: string): string {
  const items = transfer.split(',', transferItemsMax);
  while (items.length > 0 && /^(?:chunked)?$/i.test(items.at(-1)!.trim())) items.pop();
  return items.join(',');
}
