/**
 * Secrets that a word shows by itself or by the words beside it (hot path: every word of a text that may hold a secret): keys
 * and tokens by their issuers' beginnings, cards, private keys, credentials behind their scheme, path segments behind a
 * secret's name, options of commands, texts in Base64.
 */
import { hasLuhnDigit } from './formats.ts';
import { isSecretName } from './secret-names.ts';
import { lower, patternsAt, SHORT_WORD_MAX, UNMISTAKABLE_CHARACTERS_MIN } from './secret-patterns.ts';
import { COLON, DASH, DIGIT, endOfToken, found, is, NAME, note, SLASH, STOP, WORD } from './secret-text.ts';

export const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;

/** A word: letters, digits, _ and -. What is found is in `found`. */
export function findInWord(text: string, from: number, to: number): void {
  const length = to - from;
  const first = text.charCodeAt(from);
  const follows = to < text.length ? text.charCodeAt(to) : 0;
  if (is(first, DIGIT)) {
    findCard(text, from, to);
    if (found.start < 0 && length === 11) findSocialSecurityNumber(text, from);
    if (found.start < 0 && follows === COLON && length >= 8 && length <= 10) findBotToken(text, from, to);
    if (found.start >= 0) return;
  }
  if (first === DASH && length > 1) {
    if (text.startsWith('-----BEGIN', from)) {
      findPrivateKey(text, from);
      return;
    }
    if (text.charCodeAt(from + 1) === DASH) findOption(text, from, to);
    if (found.start < 0 && follows === 0x20) findUserOption(text, from, to);
  }
  if (found.start >= 0) return;
  if (follows === 0x20 && length >= 5 && length <= 6) findCredentials(text, from, to);
  if (found.start < 0 && (length >= ACCOUNT_CHARACTERS_MIN || (length === 4 && follows === 0x20)))
    findAccount(text, from);
  if (found.start >= 0) return;
  // What is not a word's character carries on the short beginnings.
  if (length <= SHORT_WORD_MAX && !carriesOn(follows)) return;
  findPattern(text, from, to);
}

/** The dot, the slash, the dollar, the tilde, the colon. */
function carriesOn(code: number): boolean {
  return code === 0x2e || code === SLASH || code === 0x24 || code === 0x7e || code === COLON;
}

function findPattern(text: string, from: number, to: number): void {
  for (let at = from; at < to; at += 1) {
    const before = at === from ? 0 : text.charCodeAt(at - 1);
    // The tilde and the names within a word have their place behind something else.
    if (at !== from && before !== 0x5f && before !== DASH) {
      if (at !== to - 1 || text.charCodeAt(to) !== 0x7e) continue;
    }
    if (matchesAt(text, at)) return;
  }
  // `_mmk`, whose beginning says nothing; `.atlasv1.`, behind a dot.
  if (text.startsWith('_mmk', to - 4)) matchesAt(text, to - 4);
  else if (from > 0 && text.charCodeAt(from - 1) === 0x2e) matchesAt(text, from - 1);
}

/** Whether a key or token begins here: all of its patterns are tried. */
function matchesAt(text: string, at: number): boolean {
  const patterns = patternsAt(text, at);
  for (let i = 0; i < patterns.length; i += 1) {
    const { anchor, before, automaton, exact, restMin } = patterns[i]!;
    if (!startsWithFolded(text, anchor, at) || at < before) continue;
    if (automaton === null) {
      if (!text.startsWith(exact, at)) continue;
      const tokenEnd = endOfToken(text, at + exact.length);
      if (tokenEnd - at - exact.length < restMin) continue;
      note(at, tokenEnd);
      return true;
    }
    const matched = automaton.matchEnd(text, at - before);
    if (matched < 0) continue;
    if (anchor.length < UNMISTAKABLE_CHARACTERS_MIN && !/\d/.test(text.slice(at - before, matched))) continue;
    note(at - before, endOfToken(text, matched));
    return true;
  }
  return false;
}

/** @param anchor in lower case */
function startsWithFolded(text: string, anchor: string, at: number): boolean {
  for (let i = 0; i < anchor.length; i += 1) {
    if (lower(text.charCodeAt(at + i)) !== anchor.charCodeAt(i)) return false;
  }
  return true;
}

/** `Bearer …`, `Basic …`, `Digest …`, `Token …`, `ApiKey …`: what follows, if it cannot be a word. */
function findCredentials(text: string, from: number, to: number): void {
  const scheme = text.slice(from, to).toLowerCase();
  if (!SCHEMES.has(scheme)) return;
  let at = to;
  while (at < text.length && text.charCodeAt(at) === 0x20) at += 1;
  const tokenEnd = endOfToken(text, at);
  if (tokenEnd - at < 6) return;
  const value = text.slice(at, Math.min(tokenEnd, at + 64));
  if (!/[0-9=+/_~]/.test(value) && !/[a-z][A-Z]/.test(value) && value.length < 24) return;
  note(at, tokenEnd);
}
const SCHEMES = new Set(['bearer', 'basic', 'digest', 'token', 'apikey']);

/** `--password …`, as commands take it. */
function findOption(text: string, from: number, to: number): void {
  let nameEnd = to;
  while (nameEnd < text.length && nameEnd - from < OPTION_MAX && is(text.charCodeAt(nameEnd), NAME)) nameEnd += 1;
  if (text.charCodeAt(nameEnd) !== 0x20 || !isSecretName(text.slice(from + 2, nameEnd))) return;
  const value = nameEnd + 1;
  const end = endOfArgument(text, value);
  if (end > value) note(value, end);
}

const OPTION_MAX = 80;

/** `-u name:password`, `--user name:password`. */
function findUserOption(text: string, from: number, to: number): void {
  if (text.slice(from, to) !== '-u' && !text.startsWith('--user', from)) return;
  const value = to + 1;
  const end = endOfArgument(text, value);
  const colon = text.slice(value, Math.min(end, value + 256)).indexOf(':');
  if (colon > 0 && value + colon + 1 < end) note(value + colon + 1, end);
}

function endOfArgument(text: string, from: number): number {
  const quote = text.charCodeAt(from);
  if (quote === 0x22 || quote === 0x27) {
    const close = text.indexOf(text[from]!, from + 1);
    return close < 0 ? text.length : close;
  }
  let at = from;
  while (at < text.length && !' \t\r\n"\'\\'.includes(text[at]!)) at += 1;
  return at;
}

/** What follows in a path behind a secret's name, or behind what links in e-mails lead to. @param slash behind the name */
export function findSegment(text: string, slash: number): void {
  let from = slash;
  while (from > 0 && slash - from <= SEGMENT_NAME_MAX && !is(text.charCodeAt(from - 1), STOP)) from -= 1;
  // Behind two slashes there is a host.
  if (from === slash || text.charCodeAt(from - 1) !== SLASH || text.charCodeAt(from - 2) === SLASH) return;
  let end = slash + 1;
  while (end < text.length && end - slash < SEGMENT_MAX && !is(text.charCodeAt(end), STOP)) end += 1;
  const length = end - slash - 1;
  if (length < 6 || (length < 20 && !hasDigit(text, slash + 1, end))) return;
  const name = text.slice(from, slash);
  const isLink = LINKS.test(name);
  if (!isLink && !isSecretName(name)) return;
  // A link's own words: /reset/step-2
  if (isLink && length < 12 && /^[a-z]+[-_]?\d{0,2}$/.test(text.slice(slash + 1, end))) return;
  note(slash + 1, end);
}
function hasDigit(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (is(text.charCodeAt(at), DIGIT)) return true;
  return false;
}
export const SEGMENT_NAME_MAX = 64;
const SEGMENT_MAX = 2048;
const LINKS =
  /^(?:reset|verify|verification|confirm|confirmation|activate|activation|invite|invitation|magic|unlock|recover|recovery|validate|one-?time|otp|login-?link|sso)$/i;

/** A card number: groups of digits with single spaces or dashes, right length, right beginning, right check digit. */
function findCard(text: string, from: number, to: number): void {
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
  if (hasLuhnDigit(digits) && isCardRange(digits)) note(from, cardEnd);
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

/** The same of a value: one of fewer digits is not written out. */
export const isCardValue = (value: number | bigint): boolean => value >= 1e12 && isCardNumber(String(value));

/** An international bank account number (ISO 13616), also in groups of four: its own check digits are right. */
function findAccount(text: string, from: number): void {
  accountPattern.lastIndex = from;
  const account = accountPattern.exec(text)?.[0];
  if (account === undefined) return;
  const plain = account.replaceAll(' ', '');
  if (plain.length < ACCOUNT_CHARACTERS_MIN) return;
  let rest = 0;
  for (const char of plain.slice(4) + plain.slice(0, 4)) {
    const digits = Number.parseInt(char, 36);
    rest = (rest * (digits < 10 ? 10 : 100) + digits) % 97;
  }
  if (rest === 1) note(from, from + account.length);
}
/** The shortest is Norway's. */
export const ACCOUNT_CHARACTERS_MIN = 15;
const accountPattern = /[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![\w-])/y;

/** ddd-dd-dddd, without the areas that are never given. */
function findSocialSecurityNumber(text: string, from: number): void {
  if (/^(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}$/.test(text.slice(from, from + 11))) note(from, from + 11);
}

/** Telegram: digits, colon, AA and 33 more. */
function findBotToken(text: string, from: number, to: number): void {
  if (!text.startsWith('AA', to + 1)) return;
  const tokenEnd = endOfToken(text, to + 1);
  if (tokenEnd - to >= 34) note(from, tokenEnd);
}

function findPrivateKey(text: string, from: number): void {
  const head = text.slice(from, from + 96);
  if (!/^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/.test(head)) return;
  const footer = text.indexOf('-----END', from + 10);
  const close = footer < 0 ? -1 : text.indexOf('-----', footer + 8);
  note(from, close < 0 ? text.length : close + 5);
}

/** Texts in Base64 that are looked at: shorter ones are words; of longer ones the beginning. */
const ENCODED_MIN = 16;
export const ENCODED_MAX = 64 << 10;
/** Three groups of four. */
const HEAD_CHARACTERS = 12;

/** Whether a word's first twelve characters are nine of text in Base64: one random word in seven thousand is taken for it. */
export function beginsAsText(text: string, from: number): boolean {
  const head = Buffer.from(text.slice(from, from + HEAD_CHARACTERS), 'base64');
  if (head.length < 9) return false;
  for (const byte of head) if (!isTextByte(byte)) return false;
  return true;
}

const isTextByte = (byte: number): boolean =>
  (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** What is in a word in Base64; '' where it is no text. */
export function decodedAt(text: string, from: number, to: number): string {
  if (to - from < ENCODED_MIN) return '';
  const decoded = Buffer.from(text.slice(from, to), 'base64').toString('utf8');
  // The last character may be cut.
  const bad = decoded.indexOf('\ufffd');
  return bad >= 0 && bad < decoded.length - 2 ? '' : decoded;
}
