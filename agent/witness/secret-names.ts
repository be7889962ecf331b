/** Names whose values are secret, however they are spelled: header fields, parameters, members, cookies, XML elements. */
import { RuleAutomaton } from './secret-automaton.ts';
import { NAMED_RULES } from './secret-rules.generated.ts';
import { ENDINGS, GUARDED, HARMLESS_BESIDE_TOKEN, NAMING, PARTS, VALUES, WHOLE, WORDS } from './secret-vocabulary.ts';

const NAME_CHARACTERS_MAX = 256;
/** Names come back with every message. A full table is emptied: names may come from an attacker. */
const CACHED_NAMES_MAX = 4096;
/** Longer names are decided anew each time: what the table weighs is counted in `agent/limits.ts`. */
const CACHED_CHARACTERS_MAX = 64;
/** Values that are longer are texts. */
const GUARDED_CHARACTERS_MAX = 1024;

/** What a name says of its value. */
export interface Verdict {
  readonly isSecret: boolean;
  /** The value decides: it is a secret if it looks like one (`isOpaque`), or if one of `rules` matches it whole. */
  readonly isGuarded: boolean;
  readonly isOpaque: boolean;
  readonly rules: readonly RuleAutomaton[];
  /** In lists of pairs, as in `{"Name": "password", "Value": "…"}`: it names the thing, or it holds its value. */
  readonly isNaming: boolean;
  readonly isValue: boolean;
}
const HARMLESS: Verdict = {
  isSecret: false,
  isGuarded: false,
  isOpaque: false,
  rules: [],
  isNaming: false,
  isValue: false,
};
const SECRET: Verdict = { ...HARMLESS, isSecret: true };

const cache = new Map<string, Verdict>();
type Rule = { readonly names: readonly string[]; readonly automaton: RuleAutomaton };
const noRules: readonly Rule[] = [];
const rules: readonly Rule[] = NAMED_RULES.map(([, names, expression]) => ({
  names,
  automaton: new RuleAutomaton(expression),
}));

/** Whether the value of a thing so called must not leave the agent. Names longer than 256 characters are cut. */
export function isSecretName(name: string): boolean {
  return verdictOn(name).isSecret;
}

/** Whether the value decides (`isSecretPair`). */
export function isGuardedName(name: string): boolean {
  return verdictOn(name).isGuarded;
}

/**
 * Whether this value of a thing so called must not leave the agent.
 * @param isParameter it stands in a query or a form, where `code` is OAuth's
 */
export function isSecretPair(name: string, value: string, isParameter = false): boolean {
  const { isSecret, isGuarded, isOpaque, rules } = verdictOn(name);
  if (isSecret || !isGuarded) return isSecret;
  if (isParameter && isOAuthCode(name, value)) return true;
  if (value.length < 10 || value.length > GUARDED_CHARACTERS_MAX) return false;
  if (isOpaque && looksOpaque(value)) return true;
  for (const rule of rules) if (rule.isWhole(value) && /\d/.test(value)) return true;
  return false;
}

/** Decided once for a name, as long as it is remembered. */
export function verdictOn(name: string): Verdict {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const result = decide(name.length > NAME_CHARACTERS_MAX ? name.slice(-NAME_CHARACTERS_MAX) : name);
  if (cache.size >= CACHED_NAMES_MAX) cache.clear();
  if (name.length <= CACHED_CHARACTERS_MAX) cache.set(name, result);
  return result;
}

function decide(name: string): Verdict {
  const words = wordsOf(name);
  if (words.length === 0) return HARMLESS;
  const pair = { isNaming: isNamingName(name), isValue: isValueName(name) };
  const joined = words.join('');
  if (WHOLE.has(joined)) return SECRET;
  const isToken = words.some((word) => word === 'token' || word === 'tokens');
  if (isToken && words.some((word) => HARMLESS_BESIDE_TOKEN.has(word))) return { ...HARMLESS, ...pair };
  if (WORDS.has(joined) || words.some(isSecretWord) || PARTS.some((part) => joined.includes(part))) return SECRET;
  const vendors = vendorsIn(words, joined);
  const isOpaque = words.some((word) => GUARDED.has(word));
  if (vendors.length === 0 && !isOpaque && !pair.isNaming && !pair.isValue) return HARMLESS;
  const isGuarded = isOpaque || vendors.length > 0;
  return { ...pair, isSecret: false, isGuarded, isOpaque, rules: vendors.map(({ automaton }) => automaton) };
}

/** Split at case changes (`apiKey`, `APIKey`) and at anything but letters and digits; without accents. */
function wordsOf(name: string): string[] {
  let plain = name.includes('%') ? decodedName(name) : name;
  if (/[^\x00-\x7f]/.test(plain)) {
    // Bytes of a header field are UTF-8 read as latin1; those of a body may be, as windows-1252.
    const bytes = plain.replace(/[^\x00-\xff]/g, (char) => WINDOWS_1252.get(char) ?? char);
    if (/^[\x00-\xff]*$/.test(bytes)) plain = asUtf8(bytes);
    plain = plain
      .normalize('NFKD')
      .replace(/[\u0300-\u036f]/g, '')
      // In capitals as in small letters: what follows splits at case changes.
      .replace(/[łŁøØđĐıßẞ]/g, (letter) => WITHOUT_STROKE[letter]!)
      .normalize('NFC');
  }
  return plain
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9\u0080-\uffff]+/)
    .filter((word) => word !== '');
}

/** Letters that no normal form takes apart. */
const WITHOUT_STROKE: Readonly<Record<string, string>> = {
  ...{ ł: 'l', Ł: 'L', ø: 'o', Ø: 'O', đ: 'd', Đ: 'D', ı: 'i', ß: 'ss', ẞ: 'SS' },
};

/** A name may be encoded more than once; what is no encoding stands between words. */
function decodedName(name: string): string {
  let plain = name;
  for (let i = 0; i < 3 && plain.includes('%'); i += 1) {
    try {
      plain = decodeURIComponent(plain);
    } catch {
      break;
    }
  }
  return plain.replace(/%[0-9a-fA-F]{2}/g, ' ');
}

/** What windows-1252 has where latin1 has control characters: to the byte it was read from. */
const WINDOWS_1252: ReadonlyMap<string, string> = new Map(
  Array.from({ length: 32 }, (_, i) => 0x80 + i).map((code) => [
    new TextDecoder('windows-1252').decode(Uint8Array.of(code)),
    String.fromCharCode(code),
  ]),
);

function asUtf8(text: string): string {
  const utf8 = Buffer.from(text, 'latin1').toString('utf8');
  return utf8.includes('\ufffd') ? text : utf8;
}

function isSecretWord(word: string): boolean {
  if (WORDS.has(word)) return true;
  const bare = word.replace(/\d+$/, '');
  return bare !== word && WORDS.has(bare) ? true : ENDINGS.some((ending) => bare.endsWith(ending));
}

/**
 * Rules whose issuer a name names. Names of a hostile client are all new, and code that is not optimized yet makes an object for each step of
 * an iterator: some hundred rules would be ten kilobytes a name. Plain loops.
 */
function vendorsIn(words: readonly string[], joined: string): readonly Rule[] {
  let found: Rule[] | undefined;
  for (let at = 0; at < rules.length; at += 1) {
    const { names } = rules[at]!;
    for (let name = 0; name < names.length; name += 1) {
      if (!startsAtWord(words, joined, names[name]!)) continue;
      found ??= [];
      found.push(rules[at]!);
      break;
    }
  }
  return found ?? noRules;
}

/** Whether an issuer's name begins where a word of the name does. */
function startsAtWord(words: readonly string[], joined: string, vendor: string): boolean {
  if (!joined.includes(vendor)) return false;
  for (let word = 0, at = 0; word < words.length; word += 1) {
    if (joined.startsWith(vendor, at)) return true;
    at += words[word]!.length;
  }
  return false;
}

/** The code of an authorization response (RFC 6749, section 4.1.2), or one sent to a person: no word, no error's number. */
function isOAuthCode(name: string, value: string): boolean {
  if (name.toLowerCase() !== 'code') return false;
  return /^\d{4,8}$/.test(value) || (value.length >= 8 && /\d/.test(value) && /[A-Za-z]/.test(value));
}

/** Letters and digits mixed as no word, date, version or identifier by UUID has them. */
function looksOpaque(value: string): boolean {
  if (value.length < 16 || value.length > 512 || !/^[\w~+/=.-]+$/.test(value)) return false;
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return false;
  const isMixed = value
    .split(/[-_./]/)
    .some((piece) => piece.length >= 10 && /\d/.test(piece) && /[A-Za-z]/.test(piece));
  return isMixed && entropyOf(value) >= (/^[0-9a-f]+$/i.test(value) ? HEX_BITS_MIN : OPAQUE_BITS_MIN);
}

/** As gitleaks asks of keys without an issuer's mark. */
const OPAQUE_BITS_MIN = 3.5;
/** Hexadecimal digits have four at most, and twenty of them drawn by chance hardly ever 3.5. */
const HEX_BITS_MIN = 2.8;

/** Shannon's, in bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<number, number>();
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/**
 * Whether a value is a secret's name, as it stands in a pair. Keys and tokens are none, whatever words are in them; a title of several
 * words is one only for what they say together ("API key"; but "Pin badge").
 */
export function isNameOfSecret(value: string): boolean {
  if (value.length > LISTED_NAME_MAX || !isSecretName(value)) return false;
  if (!value.includes(' ')) return true;
  const joined = wordsOf(value).join('');
  return PARTS.some((part) => joined.includes(part));
}

/** Whether a pair's one half names the other one a secret: by itself (`isNameOfSecret`), or together with what the other one looks like. */
export function namesSecret(name: string, value: string): boolean {
  return isNameOfSecret(name) || (name.length <= LISTED_NAME_MAX && isGuardedName(name) && isSecretPair(name, value));
}

/** In lists of pairs, as in `{"Name": "password", "Value": "…"}`: the member that names the thing. */
export const isNamingName = (name: string): boolean => name.length <= PAIR_NAME_MAX && NAMING.has(plainName(name));
/** … and the one that holds its value. */
export const isValueName = (name: string): boolean => name.length <= PAIR_NAME_MAX && VALUES.has(plainName(name));

const PAIR_NAME_MAX = 24;
const plainName = (name: string): string => name.replace(/[^A-Za-z]/g, '').toLowerCase();

/**
 * In lists whose elements are names and values in turn, as in `["Authorization", "…"]`: whether the value behind a name is to go.
 * @param isPair the list has these two alone and stands in a list itself; otherwise words are names of other things
 */
export function isListedSecret(name: string, value: string, isPair: boolean): boolean {
  if (!isNameOfSecret(name)) return namesSecret(name, value);
  return isPair || !/^[A-Za-z_]*$/.test(value) || isScrambled(value);
}

/** Whether letters change their case as chance would have it, and not as words written together do. */
function isScrambled(letters: string): boolean {
  if (letters.length < SCRAMBLED_MIN) return false;
  const signs = [/[a-z](?=[A-Z])/g, /[A-Z][a-z](?=[A-Z])/g, /(?<=[a-z])[A-Z]{2,}|[A-Z]{2,}(?=[a-z])/g];
  const count = signs.reduce((sum, sign) => sum + (letters.match(sign)?.length ?? 0), 0);
  return count * 4 >= letters.length;
}
export const SCRAMBLED_MIN = 16;
export const LISTED_NAME_MAX = 64;
