/**
 * Secrets that stand behind their name (hot path: every colon, equals sign and comma of a text that may hold a secret): in JSON,
 * forms, YAML, INI, header lines, multipart, connection strings and logs; pairs of a name and a value under names of their own;
 * lists of names and values in turn; passwords in URLs.
 */
import {
  isGuardedName,
  isListedSecret,
  isNamingName,
  isSecretName,
  isSecretPair,
  isValueName,
  namesSecret,
  verdictOn,
} from './secret-names.ts';
import {
  APOSTROPHE,
  BACKSLASH,
  COLON,
  found,
  is,
  LESS,
  LINE_FEED,
  NAME,
  NAME_CHARACTERS_MAX,
  note,
  noteAhead,
  QUOTE,
  SLASH,
  SPACE,
} from './secret-text.ts';
import { BACKSLASHES_MAX, endOfQuoted, findValue, isQuote } from './secret-values.ts';

/** A user name and a password in a URL. */
const USERINFO_CHARACTERS_MAX = 1024;
/** Of Markdown's emphasis. */
export const STARS_MAX = 3;
/** Blanks between a name and its mark. */
export const BLANKS_MAX = 32;
/** From a pair's one half to the other. */
const PAIR_CHARACTERS_MAX = 256;

/** What stands behind `name=` or `name:`, the name quoted or not. @param at where the mark stands */
export function findAssigned(text: string, at: number): void {
  const mark = text.charCodeAt(at);
  if (mark === COLON && text.startsWith('//', at + 1)) {
    findUserinfo(text, at + 3);
    return;
  }
  if (mark === COLON && text.startsWith('\\/\\/', at + 1)) {
    findUserinfo(text, at + 5);
    return;
  }
  if (mark === COLON && text.charCodeAt(at + 1) === QUOTE) findSerialized(text, at);
  let to = at;
  while (to > 0 && at - to < BLANKS_MAX && (text.charCodeAt(to - 1) === 0x20 || text.charCodeAt(to - 1) === 9)) to -= 1;
  // `name*=`, RFC 8187; `**name**:`, Markdown
  for (let stars = 0; stars < STARS_MAX && to > 0 && text.charCodeAt(to - 1) === 0x2a; stars += 1) to -= 1;
  if (mark === COLON && to > 0 && text.charCodeAt(to - 1) === LINE_FEED) {
    findComplexKey(text, at);
    return;
  }
  const quote = to > 0 ? text.charCodeAt(to - 1) : 0;
  const isQuoted = isQuote(quote);
  let from: number;
  if (isQuoted) {
    to -= 1;
    while (to > 0 && text.charCodeAt(to - 1) === BACKSLASH && at - to < BACKSLASHES_MAX) to -= 1;
    from = to;
    while (from > 0 && to - from < NAME_CHARACTERS_MAX && text.charCodeAt(from - 1) !== quote) {
      // What stands between the end of one string and the beginning of the next is no name.
      if (!isQuotedName(text.charCodeAt(from - 1))) return;
      from -= 1;
    }
  } else {
    from = to;
    while (from > 0 && to - from < NAME_CHARACTERS_MAX && is(text.charCodeAt(from - 1), NAME)) from -= 1;
  }
  if (to - from < 2 && !(isQuoted && to - from === 1)) return;
  const name = text.slice(from, to);
  if (!isQuoted && !TWO_LETTERS.test(name)) return;
  const verdict = verdictOn(name);
  if (verdict.isSecret) {
    findValue(text, at + 1, mark, isQuoted, from);
    return;
  }
  if (verdict.isGuarded) findGuarded(text, at, name, !isQuoted && mark !== COLON);
  if (found.start >= 0) return;
  if (!isQuoted && mark !== COLON && name.toLowerCase() === 'name') findPart(text, at);
  if (found.start < 0 && (verdict.isNaming || verdict.isValue)) findPair(text, at, verdict.isNaming, isQuoted, from);
  if (found.start < 0 && !isQuoted) findSpacedName(text, at, from, to);
}

const isQuotedName = (code: number): boolean => is(code, NAME) || code === 0x20 || code === SLASH || code === 0x40;

/** Without a quote around it a name has two letters: `10:30` has none. */
const TWO_LETTERS = /[A-Za-z\u0080-\uffff][^A-Za-z\u0080-\uffff]*[A-Za-z\u0080-\uffff]/;

/** YAML's long form: `? name`, and on the next line `: value`. @param colon the first mark of its line */
function findComplexKey(text: string, colon: number): void {
  const name = /(?:^|\n)[ \t-]{0,64}\?[ \t]{1,8}["']?([^\n"']{1,128}?)["']?[ \t]{0,8}\r?\n[ \t]{0,64}$/.exec(
    text.slice(Math.max(0, colon - 300), colon),
  )?.[1];
  if (name !== undefined && isSecretName(name)) findValue(text, colon + 1, COLON, false, colon);
}

/** PHP's own form, `s:8:"password";s:7:"…";`. @param colon before the value's quote */
function findSerialized(text: string, colon: number): void {
  const name = /"([^"]{1,64})";s:\d{1,6}$/.exec(text.slice(Math.max(0, colon - 80), colon))?.[1];
  if (name !== undefined && isSecretName(name)) note(colon + 2, endOfQuoted(text, colon + 1));
}

/** A value that is a secret only if it looks like one. */
function findGuarded(text: string, at: number, name: string, isParameter: boolean): void {
  guardedValue.lastIndex = at + 1;
  const value = guardedValue.exec(text)?.[1];
  if (value === undefined || !isSecretPair(name, value, isParameter)) return;
  note(guardedValue.lastIndex - value.length, guardedValue.lastIndex);
}
const guardedValue = />?[ \t\r\n]{0,8}["'`\\]{0,9}([\w~+/=.%|:-]{4,1024})/y;

/** Names of two or three words, as people write them: `API key: …`. */
function findSpacedName(text: string, at: number, from: number, to: number): void {
  let begin = from;
  for (let words = 0; words < 2; words += 1) {
    if (begin < 2 || text.charCodeAt(begin - 1) !== 0x20 || !is(text.charCodeAt(begin - 2), NAME)) return;
    begin -= 1;
    while (begin > 0 && to - begin < NAME_CHARACTERS_MAX && is(text.charCodeAt(begin - 1), NAME)) begin -= 1;
    // Each of the words by itself is no secret's name: "the token economy: …".
    const name = text.slice(begin, to);
    if (isSecretName(name) && !name.split(' ').some(isSecretName)) {
      findValue(text, at + 1, text.charCodeAt(at), false, from);
      return;
    }
  }
}

/** One half of a pair, `{"name": "password", "value": "…"}`, in any order of the two, also in YAML, INI and forms. */
function findPair(text: string, at: number, isNaming: boolean, isQuoted: boolean, from: number): void {
  const value = valueAt(text, at + 1);
  if (value === null) return;
  const behind = text.slice(value.end, value.end + PAIR_CHARACTERS_MAX);
  otherHalf.lastIndex = 0;
  for (let other = otherHalf.exec(behind); other !== null; other = otherHalf.exec(behind)) {
    const otherAt = value.end + other.index + other[0].length - 1;
    if (other[1] === undefined) return;
    if (isNaming) {
      // There may be several: the old one and the new one.
      if (!isValueName(other[1]) || !namesSecret(value.text, valueAt(text, otherAt + 1)?.text ?? '')) continue;
      findAhead(text, otherAt, other[0].includes('"'), value.end + other.index);
      continue;
    }
    if (!isNamingName(other[1]) || !namesSecret(valueAt(text, otherAt + 1)?.text ?? '', value.text)) continue;
    findValue(text, at + 1, text.charCodeAt(at), isQuoted, from);
    return;
  }
}

/** A value that does not follow at once: what lies before it is still looked at. */
function findAhead(text: string, at: number, isQuoted: boolean, nameAt: number): void {
  if (at < found.covered) return;
  findValue(text, at + 1, text.charCodeAt(at), isQuoted, nameAt);
  found.covered = Math.max(found.covered, found.end);
  found.start = -1;
  found.end = 0;
}

/** A name with its mark within the same object: no brace lies between. */
const otherHalf = /(?<![^\s,;&{"'\\(-])["'\\]{0,9}([A-Za-z][A-Za-z_-]{0,23})["'\\]{0,9}\s{0,8}[:=]|[{}<]/g;

/** A short value, quoted or not, and where it ends; null where there is none, or a container. */
function valueAt(text: string, from: number): { text: string; end: number } | null {
  shortValue.lastIndex = from;
  const value = shortValue.exec(text);
  if (value === null) return null;
  return { text: value[1] ?? value[2] ?? value[3] ?? value[4] ?? '', end: shortValue.lastIndex };
}
const shortValue =
  /[ \t\r\n]{0,8}(?:"([^"\\]{0,2048})"|'([^'\\]{0,2048})'|\\{1,7}"([^"\\]{0,2048})\\{1,7}"|([^\s"'\\{}[\],;&<>][^\r\n"'\\{},;&<>]{0,255}))/y;

/** Names and values in turn, `["Authorization", "…"]`. @param comma where it stands */
export function findListed(text: string, comma: number): void {
  const quote = text.charCodeAt(comma - 1);
  if (comma < 3 || (quote !== QUOTE && quote !== APOSTROPHE)) return;
  const to = comma - 1;
  let from = to;
  while (from > 0 && to - from < NAME_CHARACTERS_MAX && text.charCodeAt(from - 1) !== quote) from -= 1;
  if (from === 0 || to - from >= NAME_CHARACTERS_MAX) return;
  let at = comma + 1;
  while (at < text.length && at - comma < BLANKS_MAX && is(text.charCodeAt(at), SPACE)) at += 1;
  if (text.charCodeAt(at) !== quote) return;
  const name = text.slice(from, to);
  if (!isSecretName(name) && !isGuardedName(name)) return;
  const end = endOfQuoted(text, at);
  const isPair =
    /[[(]\s{0,8}$/.test(text.slice(Math.max(0, from - 10), from - 1)) &&
    /^\s{0,8}[\])]/.test(text.slice(end + 1, end + 10));
  if (isListedSecret(name, text.slice(at + 1, end), isPair && isInList(text, from - 1))) note(at + 1, end);
}

/** Whether the list that begins before a place stands in a list itself. */
function isInList(text: string, first: number): boolean {
  return /[[(,]\s{0,64}[[(]\s{0,8}$/.test(text.slice(Math.max(0, first - 76), first));
}

/** multipart/form-data as text: the content of a part with a secret's name (RFC 7578; `name*` as in RFC 8187). */
function findPart(text: string, equals: number): void {
  let open = equals + 1;
  while (open - equals <= BLANKS_MAX && text.charCodeAt(open) === 0x20) open += 1;
  const quote = text.charCodeAt(open);
  const isQuoted = isQuote(quote);
  const start = isQuoted ? open + 1 : open;
  let close = start;
  while (close < text.length && close - start < NAME_CHARACTERS_MAX) {
    const code = text.charCodeAt(close);
    if (isQuoted ? code === quote : code === 0x3b || is(code, SPACE)) break;
    close += 1;
  }
  const name = text.slice(start, close).replace(/^[\w-]{0,20}'[\w-]{0,20}'/, '');
  if (close - start >= NAME_CHARACTERS_MAX || !(isSecretName(name) || isGuardedName(name))) return;
  if (close < found.covered) return;
  const head = text.slice(close, close + 512).search(/\r?\n\r?\n/);
  if (head < 0) return;
  const content = close + head + (text.charCodeAt(close + head) === 0x0d ? 4 : 2);
  const isGuarded = !isSecretName(name);
  const boundary = isGuarded
    ? content - 1 + text.slice(content - 1, content + 2048).indexOf('\n--')
    : text.indexOf('\n--', content - 1);
  if (isGuarded && boundary < content - 1) return;
  const end = boundary < 0 ? text.length : boundary - (text.charCodeAt(boundary - 1) === 0x0d ? 1 : 0);
  if (isSecretPair(name, text.slice(content, end), true)) noteAhead(content, end);
}

/** `scheme://user:password@host`: the password, or the user where there is none. */
function findUserinfo(text: string, from: number): void {
  const to = Math.min(text.length, from + USERINFO_CHARACTERS_MAX);
  let password = -1;
  let last = -1;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x40) last = at;
    else if (code === COLON && password < 0) password = at + 1;
    else if (code === SLASH || code === 0x3f || code === 0x23 || code <= 0x20 || code === QUOTE || code === LESS) break;
  }
  if (last < 0) return;
  note(password > 0 && password <= last ? password : from, last);
}
