/**
 * Secrets in XML and HTML (hot path: every `<` of a text that may hold a secret): the content of an element with a secret's name;
 * attributes with one; an attribute's value whose neighbour names it (`<input name="password" value="…">`, `<meta>`); the element
 * behind one that names it (property lists, XML-RPC, tables).
 */
import { isGuardedName, isNamingName, isSecretName, isSecretPair, isValueName, namesSecret } from './secret-names.ts';
import { found, is, NAME, NAME_CHARACTERS_MAX, noteAhead, noteWithin, SPACE } from './secret-text.ts';

/** A start tag with its attributes, which are looked at. */
const TAG_CHARACTERS_MAX = 4096;
const ATTRIBUTES_MAX = 64;
/** Elements without content. */
const VOID = new Set(['input', 'meta', 'br', 'hr', 'img', 'link', 'source', 'area', 'base', 'col', 'embed']);
/** Elements whose content is for people, whatever they are about. */
const LABELS = new Set(['label', 'button', 'a', 'option', 'form', 'fieldset', 'legend', 'section', 'script', 'style']);
/** Elements that name the next one, where that is of this kind. */
const TABLES = new Map([
  ['th', 'td'],
  ['td', 'td'],
  ['dt', 'dd'],
]);

interface Attribute {
  readonly name: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** @param open where the `<` stands */
export function findElement(text: string, open: number): void {
  let to = open + 1;
  while (to < text.length && to - open < NAME_CHARACTERS_MAX) {
    const code = text.charCodeAt(to);
    if (!is(code, NAME) && code !== 0x3a) break;
    to += 1;
  }
  // "if (a<tokens[i])" is no element.
  if (NO_TAG.test(text[to] ?? '')) return;
  if (to - open < 2) return;
  const name = text.slice(open + 1, to);
  const { attributes, close } = attributesAt(text, to);
  if (close < 0) return;
  const isEmpty = text.charCodeAt(close - 1) === 0x2f;
  const local = name.slice(name.indexOf(':') + 1);
  const isVoid = isEmpty || VOID.has(local.toLowerCase());
  const content = isVoid ? '' : textAt(text, close + 1);
  const isNamed = findAttributes(attributes, local.length > 1 && isSecretName(local), content);
  if (isVoid) return;
  if (local.length > 1 && isSecretName(local)) {
    noteContent(text, name, close);
    return;
  }
  if (isNamed) {
    const isLabel = LABELS.has(local.toLowerCase());
    if (!isLabel && !attributes.some((attribute) => isValueName(attribute.name))) noteContent(text, name, close);
    return;
  }
  if (isGuardedName(local) && isSecretPair(local, content)) {
    noteContent(text, name, close);
    return;
  }
  const kind = local.toLowerCase();
  if (isNamingName(local) || TABLES.has(kind)) findBehind(text, kind, close);
  else if (isValueName(local)) findBefore(text, close);
}

/**
 * @param isSecret the element has a secret's name
 * @param content a short text that is the element's value, where no attribute is
 * @returns whether an attribute says that the element is a secret's
 */
function findAttributes(attributes: readonly Attribute[], isSecret: boolean, content: string): boolean {
  const held = attributes.find(({ name }) => isValueName(unprefixed(name)))?.value ?? content;
  const naming = attributes.find(({ name, value }) => isNamingName(unprefixed(name)) && namesSecret(value, held));
  for (const { name, value, start, end } of attributes) {
    if (isSecretPair(name, value) || ((isSecret || naming !== undefined) && isValueName(unprefixed(name))))
      noteWithin(start, end);
  }
  return naming !== undefined;
}

const unprefixed = (name: string): string => name.replace(/^(?:data-|[\w-]{1,20}:)/, '');

function attributesAt(text: string, from: number): { attributes: Attribute[]; close: number } {
  const attributes: Attribute[] = [];
  const end = Math.min(text.length, from + TAG_CHARACTERS_MAX);
  let at = from;
  while (at < end && attributes.length < ATTRIBUTES_MAX) {
    const code = text.charCodeAt(at);
    if (code === 0x3e) return { attributes, close: at };
    if (code === 0x3c || NO_TAG.test(text[at]!)) break;
    if (is(code, SPACE) || code === 0x2f) {
      at += 1;
      continue;
    }
    attributePattern.lastIndex = at;
    const attribute = attributePattern.exec(text);
    if (attribute === null) {
      at += 1;
      continue;
    }
    at = attributePattern.lastIndex;
    const value = attribute[2] ?? attribute[3] ?? attribute[4];
    if (value === undefined) continue;
    const quotes = attribute[4] === undefined ? 1 : 0;
    attributes.push({ name: attribute[1]!, value, start: at - quotes - value.length, end: at - quotes });
  }
  return { attributes, close: -1 };
}
/** What programs have between "less" and "greater", and tags have not. */
const NO_TAG = /[;{}|&,+()[\]]/;
const attributePattern =
  /([^\s=<>"'/;{}|&,+]{1,128})(?:\s{0,8}=\s{0,8}(?:"([^"]{0,4096})"|'([^']{0,4096})'|([^\s"'<>]{1,4096})))?/y;

/** A short text that is all of an element's content. */
function textAt(text: string, from: number): string {
  const content = text.slice(from, from + CONTENT_CHARACTERS_MAX);
  const end = content.indexOf('<');
  return end < 0 ? '' : content.slice(0, end).trim();
}
const CONTENT_CHARACTERS_MAX = 1024;

/** To the element's own end; where there is none, to any element's, or the text's. */
function noteContent(text: string, name: string, close: number): void {
  if (close < found.covered) return;
  let end = text.indexOf(`</${name}`, close);
  if (end < 0) end = text.indexOf('</', close);
  if (end < 0) end = text.length;
  noteAhead(close + 1, end);
}

/** `<key>password</key><string>…</string>`: the value's element behind one whose text is a secret's name. */
function findBehind(text: string, kind: string, close: number): void {
  const rest = text.slice(close + 1, close + 1 + 512);
  const named = /^\s{0,32}([^<]{1,128}?)\s{0,32}<\/[\w:.-]{1,128}>/.exec(rest);
  if (named === null) return;
  const called = named[1]!.replace(/:$/, '');
  openTag.lastIndex = named[0].length;
  for (let tags = 0; tags < TAGS_BETWEEN_MAX; tags += 1) {
    const next = openTag.exec(rest);
    if (next === null || isNamingName(next[1]!)) return;
    if (!namesSecret(called, textAt(text, close + 1 + openTag.lastIndex))) {
      if (!isGuardedName(called)) return;
      continue;
    }
    const local = next[1]!.replace(/^.*:/, '').toLowerCase();
    const wanted = TABLES.get(kind);
    const holds = wanted === undefined ? isValueName(local) || PLIST_TYPES.has(local) : local === wanted;
    if (holds && !next[0].endsWith('/>')) noteContent(text, next[1]!, close + openTag.lastIndex);
    if (holds || wanted !== undefined) return;
  }
}
const openTag = /<([\w:.-]{1,128})(?:\s[^<>]{0,200})?>/g;
/** A type, a description. */
const TAGS_BETWEEN_MAX = 3;
const PLIST_TYPES = new Set(['string', 'integer', 'real', 'data', 'date', 'array', 'dict']);

/** `<value>…</value><name>password</name>`. */
function findBefore(text: string, close: number): void {
  const end = close + text.slice(close, close + 2048).indexOf('</');
  if (end < close) return;
  const named = /^<\/[\w:.-]{1,128}>\s{0,64}<([\w:.-]{1,128})>\s{0,32}([^<]{1,128}?)\s{0,32}<\//.exec(
    text.slice(end, end + 512),
  );
  if (
    named !== null &&
    isNamingName(named[1]!.replace(/^.*:/, '')) &&
    namesSecret(named[2]!, text.slice(close + 1, end))
  )
    noteAhead(close + 1, end);
}
