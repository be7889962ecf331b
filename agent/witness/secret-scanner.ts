/**
 * Finds secrets in text of any kind (hot path: every string that leaves the agent): what follows a secret name in JSON,
 * forms, YAML, XML, multipart or header lines; what looks like a key, a token, a private key or a card by itself;
 * passwords in URLs. One pass, each piece looked at a bounded number of times: linear whatever the text.
 *
 * What it cannot find: a secret without a telling name or shape, as a bare password in running text.
 */
import { hasLuhnDigit } from './formats.ts';
import { isSecretName } from './secret-names.ts';
import { SECRET_PREFIXES, SHORT_WORD_MAX } from './secret-patterns.ts';

export const REDACTED = '*REDACTED*';

const WORD = 1;
const DIGIT = 2;
/** Reaches on in keys and tokens beyond a word. */
const TOKEN = 4;
const NAME = 8;
const SPACE = 16;
const MARK = 32;

/** What a character may be part of. */
const CLASS = new Uint8Array(128);
for (let code = 0; code < 128; code += 1) {
  const char = String.fromCharCode(code);
  CLASS[code] =
    (/[\w-]/.test(char) ? WORD | TOKEN | NAME : 0) |
    (/\d/.test(char) ? DIGIT : 0) |
    (/[.+/=~$]/.test(char) ? TOKEN : 0) |
    (/[.$[\]%]/.test(char) ? NAME : 0) |
    (/\s/.test(char) ? SPACE : 0) |
    (/[:=<]/.test(char) ? MARK : 0);
}
const is = (code: number, mask: number): boolean => code < 128 && (CLASS[code]! & mask) !== 0;

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const LESS = 0x3c;
const DASH = 0x2d;
const SLASH = 0x2f;

const NAME_CHARACTERS_MAX = 128;
/** A user name and a password in a URL. */
const USERINFO_CHARACTERS_MAX = 1024;
const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;

/** One scan's state. There is one scanner: scans do not nest. */
let text = '';
/** Where the found secret begins and ends; start < 0: nothing found. */
let start = -1;
let end = 0;
/** The found value stands where JSON wants a value: its substitute needs quotes. */
let bare = false;

/** The text with every secret replaced; the very same string where there is none. */
export function redactText(input: string): string {
  text = input;
  const { length } = input;
  let result = '';
  let copied = 0;
  let at = 0;
  while (at < length) {
    const code = input.charCodeAt(at);
    const kind = code < 128 ? CLASS[code]! : 0;
    if ((kind & (WORD | MARK)) === 0) {
      at += 1;
      continue;
    }
    start = -1;
    bare = false;
    let next = at + 1;
    if ((kind & WORD) !== 0) {
      while (next < length && is(input.charCodeAt(next), WORD)) next += 1;
      findInWord(at, next);
    } else if (code === LESS) findElement(at);
    else findAssigned(at, code);
    if (start >= 0 && end > start) {
      result += input.slice(copied, start) + (bare ? `"${REDACTED}"` : REDACTED);
      copied = end;
      at = Math.max(end, next);
    } else at = next;
  }
  text = '';
  return copied === 0 ? input : result + input.slice(copied);
}

/** A word by itself: letters, digits, _ and -. */
function findInWord(from: number, to: number): void {
  const length = to - from;
  const first = text.charCodeAt(from);
  const follows = to < text.length ? text.charCodeAt(to) : 0;
  if (is(first, DIGIT)) {
    findCard(from, to);
    if (start < 0 && length === 11) findSocialSecurityNumber(from);
    if (start < 0 && follows === COLON && length >= 8 && length <= 10) findBotToken(from, to);
    if (start >= 0) return;
  }
  if (first === DASH && text.startsWith('-----BEGIN', from)) {
    findPrivateKey(from);
    return;
  }
  if (follows === 0x20 && length >= 5 && length <= 6) findCredentials(from, to);
  if (start >= 0) return;
  // '.', '/' and '$' carry on the short prefixes.
  if (length <= SHORT_WORD_MAX && follows !== 0x2e && follows !== 0x2f && follows !== 0x24) return;
  findPrefixed(from, to);
}

function findPrefixed(from: number, to: number): void {
  for (let at = from; at < to; at += 1) {
    const before = at === from ? 0 : text.charCodeAt(at - 1);
    if (at !== from && before !== 0x5f && before !== DASH) continue;
    const prefixes = SECRET_PREFIXES[text.charCodeAt(at)];
    if (prefixes === undefined) continue;
    for (let i = 0; i < prefixes.length; i += 1) {
      const { prefix, restMin } = prefixes[i]!;
      if (!text.startsWith(prefix, at)) continue;
      const tokenEnd = endOfToken(at + prefix.length);
      if (tokenEnd - at - prefix.length < restMin) continue;
      start = at;
      end = tokenEnd;
      return;
    }
  }
}

function endOfToken(from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    if (is(text.charCodeAt(at), TOKEN)) continue;
    // Some writers of JSON escape the slash.
    if (text.charCodeAt(at) !== BACKSLASH || text.charCodeAt(at + 1) !== SLASH) break;
  }
  return at;
}

/** `Bearer …`, `Basic …`, `Digest …`, `Token …`: what follows, if it cannot be a word. */
function findCredentials(from: number, to: number): void {
  const scheme = text.slice(from, to).toLowerCase();
  if (scheme !== 'bearer' && scheme !== 'basic' && scheme !== 'digest' && scheme !== 'token') return;
  let at = to;
  while (at < text.length && text.charCodeAt(at) === 0x20) at += 1;
  const tokenEnd = endOfToken(at);
  if (tokenEnd - at < 6) return;
  const value = text.slice(at, Math.min(tokenEnd, at + 64));
  if (!/[0-9=+/_~]/.test(value) && !/[a-z][A-Z]/.test(value) && value.length < 24) return;
  start = at;
  end = tokenEnd;
}

/** A card number: groups of digits with single spaces or dashes, right length, right beginning, right check digit. */
function findCard(from: number, to: number): void {
  const firstDigit = text.charCodeAt(from);
  if (firstDigit < 0x32 || firstDigit > 0x36) return;
  // One long word, or a first group of four with another one behind it.
  const isGrouped = to - from === 4 && text.charCodeAt(to) === 0x20 && is(text.charCodeAt(to + 1), DIGIT);
  if (to - from < CARD_DIGITS_MIN && !isGrouped) return;
  let digits = '';
  let at = from;
  let cardEnd = from;
  for (; at < text.length && digits.length <= CARD_DIGITS_MAX; at += 1) {
    const code = text.charCodeAt(at);
    if (is(code, DIGIT)) {
      digits += text[at];
      cardEnd = at + 1;
    } else if (!((code === 0x20 || code === DASH) && cardEnd === at && is(text.charCodeAt(at + 1), DIGIT))) break;
  }
  if (digits.length < CARD_DIGITS_MIN || digits.length > CARD_DIGITS_MAX) return;
  if (cardEnd < text.length && is(text.charCodeAt(cardEnd), WORD)) return;
  if (!hasLuhnDigit(digits) || !isCardRange(digits)) return;
  start = from;
  end = cardEnd;
}

/** Beginnings that card networks use (ISO/IEC 7812): so that one in ten long numbers is not taken for a card. */
function isCardRange(digits: string): boolean {
  if (/^4/.test(digits)) return digits.length === 13 || digits.length === 16 || digits.length === 19;
  if (/^3[47]/.test(digits)) return digits.length === 15;
  if (/^3(?:0[0-5]|[689])/.test(digits)) return digits.length >= 14;
  return /^(?:5[0-8]|2(?:2[2-9]|[3-6]|7[01]|720)|6(?:011|4[4-9]|5|[27]))/.test(digits) && digits.length >= 16;
}

/** Whether a whole number is a card's. */
export function isCardNumber(digits: string): boolean {
  return /^\d{13,19}$/.test(digits) && hasLuhnDigit(digits) && isCardRange(digits);
}

/** ddd-dd-dddd, without the areas that are never given. */
function findSocialSecurityNumber(from: number): void {
  if (!/^(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}$/.test(text.slice(from, from + 11))) return;
  start = from;
  end = from + 11;
}

/** Telegram: digits, colon, AA and 33 more. */
function findBotToken(from: number, to: number): void {
  if (!text.startsWith('AA', to + 1)) return;
  const tokenEnd = endOfToken(to + 1);
  if (tokenEnd - to < 34) return;
  start = from;
  end = tokenEnd;
}

function findPrivateKey(from: number): void {
  const head = text.slice(from, from + 64);
  if (!/^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/.test(head)) return;
  start = from;
  const footer = text.indexOf('-----END', from + 10);
  const close = footer < 0 ? -1 : text.indexOf('-----', footer + 8);
  end = close < 0 ? text.length : close + 5;
}

/** `scheme://user:password@host`: the password, or the user where there is none. */
function findUserinfo(from: number): void {
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
  start = password > 0 && password <= last ? password : from;
  end = last;
}

/** What stands behind `name=` or `name:`, the name quoted or not, if the name is a secret's. */
function findAssigned(at: number, mark: number): void {
  if (mark === COLON && text.startsWith('//', at + 1)) {
    findUserinfo(at + 3);
    return;
  }
  if (mark === COLON && text.startsWith('\\/\\/', at + 1)) {
    findUserinfo(at + 5);
    return;
  }
  let to = at;
  if (to > 0 && text.charCodeAt(to - 1) === 0x20) to -= 1;
  const quoted = to > 0 && (text.charCodeAt(to - 1) === QUOTE || text.charCodeAt(to - 1) === APOSTROPHE);
  if (quoted) to -= 1;
  if (quoted && to > 0 && text.charCodeAt(to - 1) === BACKSLASH) to -= 1;
  let from = to;
  while (from > 0 && to - from < NAME_CHARACTERS_MAX && is(text.charCodeAt(from - 1), NAME)) from -= 1;
  if (to - from < 2) return;
  const name = text.slice(from, to);
  if (name === 'name' && !quoted) findPart(at);
  else if (isSecretName(name)) findValue(at + 1, mark, quoted);
  else if (quoted && mark === COLON) findPair(name, at + 1);
}

/** Lists of pairs as JSON text, `{"name": "password", "value": "…"}`, in any order of the two; also within a string. */
function findPair(name: string, from: number): void {
  if (name === 'value') {
    pairValue.lastIndex = from;
    // Two windows: one for the value, one for what stands behind it.
    const value = pairValue.exec(text);
    if (value === null || value.index !== from) return;
    const behind = text.slice(pairValue.lastIndex, pairValue.lastIndex + PAIR_CHARACTERS_MAX);
    if (!isSecretName(pairName.exec(behind)?.[1] ?? '')) return;
    findValue(from, COLON, true);
  } else if (name === 'name' || name === 'key' || name === 'field' || name === 'id') {
    const found = pairBehind.exec(text.slice(from, from + PAIR_CHARACTERS_MAX));
    if (found === null || !isSecretName(found[1]!)) return;
    findValue(from + found[0].length, COLON, true);
  }
}

/** From a member's colon, of one object without others in it, to the members' names that matter. No part repeats another's. */
const PAIR_CHARACTERS_MAX = 512;
const pairBehind = /^\s{0,8}\\{0,3}"([^"\\{}]{1,128})\\{0,3}"[^{}]{0,256}?"value\\{0,3}"\s{0,8}:/;
const pairName = /^[^{}]{0,256}?"(?:name|key|field|id)\\{0,3}"\s{0,8}:\s{0,8}\\{0,3}"([^"\\{}]{1,128})\\{0,3}"/;
const pairValue = /\s{0,8}(?:\\{0,3}"[^"]{0,2048}"|[\w.+-]{1,64})/y;

/** multipart/form-data as text: the content of a part with a secret's name (RFC 7578). */
function findPart(equals: number): void {
  if (text.charCodeAt(equals + 1) !== QUOTE) return;
  const close = text.indexOf('"', equals + 2);
  if (close < 0 || close - equals > NAME_CHARACTERS_MAX || !isSecretName(text.slice(equals + 2, close))) return;
  const head = text.slice(close, close + 512).search(/\r?\n\r?\n/);
  if (head < 0) return;
  start = close + head + (text.charCodeAt(close + head) === 0x0d ? 4 : 2);
  const boundary = text.indexOf('\n--', start - 1);
  end = boundary < 0 ? text.length : boundary - (text.charCodeAt(boundary - 1) === 0x0d ? 1 : 0);
}

function findValue(from: number, mark: number, jsonLike: boolean): void {
  let at = from;
  while (at < text.length && is(text.charCodeAt(at), SPACE) && at - from < 64 && (jsonLike || text[at] !== '\n'))
    at += 1;
  if (at >= text.length) return;
  const first = text.charCodeAt(at);
  if (first === QUOTE || first === APOSTROPHE) {
    start = at + 1;
    end = endOfQuoted(at);
  } else if (first === BACKSLASH && text.charCodeAt(at + 1) === QUOTE) {
    start = at + 2;
    const close = text.indexOf('\\"', start);
    end = close < 0 ? text.length : close;
  } else if (jsonLike && (first === 0x7b || first === 0x5b)) {
    start = at;
    end = endOfContainer(at);
    bare = true;
  } else {
    start = at;
    end = endOfPlain(at, mark, jsonLike);
    bare = jsonLike;
    // Says nothing, and stays what it is.
    if (jsonLike && /^(?:true|false|null)$/.test(text.slice(start, Math.min(end, start + 6)))) start = -1;
  }
}

function endOfQuoted(open: number): number {
  const quote = text.charCodeAt(open);
  for (let at = open + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === quote) return at;
  }
  return text.length;
}

function endOfContainer(open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfQuoted(at);
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

/** Behind a colon to the line's end, behind an equals sign to what separates parameters. */
function endOfPlain(from: number, mark: number, jsonLike: boolean): number {
  const stops = jsonLike ? ',}] \t\r\n' : mark === COLON ? '\r\n"<' : '&;, \t\r\n"\'<>)}]';
  let at = from;
  while (at < text.length && !stops.includes(text[at]!)) at += 1;
  return at;
}

/** `<password>…<`: the content of an element with a secret's name. */
function findElement(open: number): void {
  let to = open + 1;
  while (to < text.length && to - open < NAME_CHARACTERS_MAX && (is(text.charCodeAt(to), NAME) || text[to] === ':'))
    to += 1;
  if (to - open < 3 || !isSecretName(text.slice(open + 1, to))) return;
  let close = to;
  while (close < text.length && close - to < 512 && text[close] !== '>') close += 1;
  if (text[close] !== '>' || text[close - 1] === '/') return;
  const next = text.indexOf('</', close);
  start = close + 1;
  end = next < 0 ? text.length : next;
}
