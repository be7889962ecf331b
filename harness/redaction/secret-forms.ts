/** Values of the environment that its names call secret, in every form in which a text may hold them. Pure. */
import { isSecretName } from '../../agent/witness/secret-names.ts';
import { isColoured, spelledCharactersMax, spellingsOf, wrapped } from './secret-spelling.ts';
import type { TakenOut } from './taken-out.ts';

/** Where a shell is: no password, whatever PWD may mean elsewhere. */
const folderNames = new Set(['PWD', 'OLDPWD']);

/** Shorter ones are digits and syllables. */
const valueCharactersMin = 4;
/** Shorter ones are words that stand in any text: they count as a word of their own. */
const longCharactersMin = 8;
/** Texts that are cut are longer than this. */
const cutTextMin = 100;

/** A personal access token, as GitHub and Azure call it. */
const patName = /^(?:.*[_-])?PAT$/i;

/** What signs, what it begins with, what opens a certificate or whoever knows it may post to: members of reports are called so as well, variables of an environment hold secrets. */
const variableName = /^.*_(?:AUTH|SALT|SEED|SK|WEBHOOK(?:_URL)?|CERT_KEY)$/i;
/** A random generator's: it stands in commands as a number of its own. */
const isPlainSeed = (name: string, value: string) => /_SEED$/i.test(name) && /^\d+$/.test(value);

const isSecretVariable = (name: string, value: string): boolean =>
  isSecretMember(name) || (variableName.test(name) && !isPlainSeed(name, value));

/** Of each address in a value: its password, and what stands around it. */
const addressPassword = /[a-z][a-z\d+.-]*:\/\/[^\s:/?#@]*:([^\s/?#]+)@/gi;
/** Of letters alone and no longer, it may be a word that stands in any text. */
const wordCharactersMax = 11;
/** In an address, whose passwords people choose, it may be a part of longer ones up to this length: it is looked for as a word of its own. */
const ownWordCharactersMax = 15;
/** No word has so many consonants side by side. */
const noSyllable = /[bcdfghjklmnpqrstvwxz]{5}/i;

/**
 * Where a word stands as a value: behind an equals sign, behind a colon without a blank (the password of an address too), behind an option
 * of one letter. Behind the name of a secret the rules find it in any case.
 */
const asValue = (word: string): string =>
  String.raw`(?<=[=:]["']?|(?<![\w-])-[A-Za-z] ["']?)${RegExp.escape(word)}(?![\w./-])`;

/** Passwords of the addresses in a value (`DATABASE_URL`), as they stand there and without escapes. */
function passwordsIn(value: string): string[] {
  return [...value.matchAll(addressPassword)].flatMap(({ 0: whole, 1: password = '', index }) => {
    const around = value.slice(0, index) + whole.replace(`:${password}@`, ':@') + value.slice(index + whole.length);
    // `postgres://postgres:postgres@…` of a machine of one's own: the word is everywhere.
    return around.includes(password) || isSecretName(password) ? [] : [password, unescaped(password)];
  });
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Of one case, as people write words: `postgres`, and nothing drawn by chance. */
const isPlainWord = (text: string): boolean =>
  text.length <= wordCharactersMax && /^(?:[A-Z]?[a-z]+|[A-Z]+)$/.test(text) && !noSyllable.test(text);

export const isSecretMember = (name: string): boolean => patName.test(name) || isSecretName(name);

export interface SecretForms {
  /** Of eight characters and more, the longest first: one may hold another. */
  readonly longIn: (text: string) => RegExp | undefined;
  /** As words of their own, which are no part of a path. */
  readonly short: RegExp | undefined;
  /** Where a long text ends within a value, or its length: texts of programs are cut before they come here. */
  readonly cutAt: (text: string) => number;
}

export function secretForms(environment: Readonly<Record<string, string | undefined>>, known: TakenOut): SecretForms {
  const all = Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const passwords = all.flatMap(([, value = '']) => passwordsIn(value));
  const named = all.flatMap(([name = '', value = '']) =>
    !folderNames.has(name) && isSecretVariable(name, value) ? [value] : [],
  );
  // A word, or a name that the project has given, says nothing by itself: texts are full of it.
  const isName = (value: string) => isPlainWord(value) || known.names.includes(value);
  const [plainWords, found] = parted([...new Set([...named, ...passwords, ...known.keys, ...known.words])], isName);
  const isOwnWord = (each: string) => each.length <= ownWordCharactersMax && /^[a-z]+$/i.test(each);
  const ownWords = new Set([...known.words, ...passwords.filter(isOwnWord)]);
  const values = found.filter((each) => each.length >= valueCharactersMin && !ownWords.has(each));
  const words = [...ownWords].filter((each) => each.length >= valueCharactersMin && !isName(each));
  const encoded = plainWords
    .flatMap((each) => [...base64Forms(each), ...hexForms(each)])
    .filter(({ length }) => length > longCharactersMin);
  const forms = longestFirst([...values.flatMap(formsOf), ...encoded]);
  const isSpelled = ({ length }: string) => length >= longCharactersMin && length <= spelledCharactersMax;
  const spelled = longestFirst(values.filter(isSpelled));
  const whole = longestFirst([...values.filter((value) => !isSpelled(value)).flatMap(formsOf), ...encoded]);
  const short = longestFirst([...forms.filter((form) => form.length < longCharactersMin), ...words]);
  const long = forms.filter((form) => form.length >= longCharactersMin);
  const longCutBy = (cutBy: 'nothing' | 'colours') =>
    anyOf([
      ...spelled.flatMap((value) => [spellingsOf(value, cutBy), ...new Set(base64Forms(value).map(wrapped))]),
      ...whole.filter((form) => form.length >= longCharactersMin).map((form) => RegExp.escape(form)),
    ]);
  const plain = longCutBy('nothing');
  // Long in the making, and few texts have any.
  let coloured: RegExp | undefined;
  return {
    longIn: (text) => {
      if (plain === undefined || !isColoured(text)) return plain;
      coloured ??= longCutBy('colours');
      return coloured;
    },
    short: anyOf([
      ...short.map((form) => String.raw`(?<![\w./-])${RegExp.escape(form)}(?![\w./-])`),
      ...longestFirst(plainWords.filter(({ length }) => length >= valueCharactersMin)).map(asValue),
    ]),
    cutAt: (text) => (text.length < cutTextMin ? text.length : cutWithin(text, long)),
  };
}

function parted(texts: readonly string[], isFirst: (text: string) => boolean): [string[], string[]] {
  return [texts.filter(isFirst), texts.filter((text) => !isFirst(text))];
}

const longestFirst = (texts: readonly string[]): string[] => [...new Set(texts)].sort((a, b) => b.length - a.length);

/** Plain, in a URL, in hexadecimal digits and in base64. */
function formsOf(value: string): string[] {
  return [value, ...quotedForms(value), ...urlForms(value), ...hexForms(value), ...base64Forms(value)];
}

function hexForms(value: string): string[] {
  const hex = Buffer.from(value).toString('hex');
  return [hex, hex.toUpperCase()];
}

/** Wherever it begins within three bytes: `user:value` has it anywhere. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const encoded = [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // Characters at both ends hold bits of what is beside it.
    const head = Math.ceil((before * 8) / 6);
    const core = whole.slice(head, Math.floor(((before + bytes.length) * 8) / 6));
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return encoded.filter((each) => each.length >= longCharactersMin);
}

/** Within the quotes of a shell, as floodgate itself writes words, and of JSON. */
const quotedForms = (value: string): string[] => [
  value.replaceAll("'", String.raw`'\''`),
  value.replaceAll("'", `'"'"'`),
  JSON.stringify(value).slice(1, -1),
];

/** Programs differ in which characters they escape, in which digits, and in what they write for a space. */
function urlForms(value: string): string[] {
  const whole = encodeURIComponent(value.toWellFormed());
  // As RFC 3986 asks for; as forms have it.
  const strict = whole.replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([['', value]]).toString().slice(1);
  const forms = [whole, strict, form, encodeURI(value.toWellFormed())];
  const spaced = forms.flatMap((text) => [text, text.replaceAll('%20', '+'), text.replaceAll('+', '%20')]);
  return spaced.flatMap((text) => [text, text.replaceAll(/%[0-9A-F]{2}/g, (each) => each.toLowerCase())]);
}

function anyOf(patterns: readonly string[]): RegExp | undefined {
  return patterns.length === 0 ? undefined : new RegExp(patterns.join('|'), 'g');
}

function cutWithin(text: string, forms: readonly string[]): number {
  const tail = text.slice(-valueCharactersMin);
  for (const form of forms) {
    // Values may be long keys: only where the text's last characters are in one is it compared.
    for (let at = form.lastIndexOf(tail); at >= 0; at = at === 0 ? -1 : form.lastIndexOf(tail, at - 1)) {
      const length = at + tail.length;
      if (length < form.length && text.endsWith(form.slice(0, length))) return text.length - length;
    }
  }
  return text.length;
}
