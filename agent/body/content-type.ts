/** Media types as sent (RFC 9110, section 8.3.1), and what this agent does with each. */

export interface ContentType {
  /** Lower case, without parameters; '' when missing or unreadable. */
  readonly mediaType: string;
  readonly charset: string | undefined;
  readonly boundary: string | undefined;
}

/** How a body is read. */
export type BodyKind =
  | 'json'
  | 'yaml'
  | 'form'
  | 'multipart'
  | 'text'
  | 'html'
  | 'xml'
  | 'events'
  | 'pdf'
  | 'bytes'
  | 'unknown';

/** Header fields come from anyone: what is longer than this is cut before it is looked at. */
const fieldCharactersMax = 1024;
const parameterPattern = /;\s*([^\s=;"]{1,40})\s*=\s*(?:"((?:[^"\\]|\\.){0,400})"|([^\s;"]{0,400}))/g;

/** A handful of types comes with all messages. A full table is emptied. */
const knownMax = 64;
const knownCharactersMax = 80;
const known = new Map<string, ContentType>();

/** Never throws: what cannot be read is missing. */
export function parseContentType(field: string | undefined): ContentType {
  if (field === undefined || field.length > knownCharactersMax) return parseField(field);
  let type = known.get(field);
  if (type === undefined) {
    if (known.size >= knownMax) known.clear();
    known.set(field, (type = parseField(field)));
  }
  return type;
}

function parseField(field: string | undefined): ContentType {
  const text = (field ?? '').slice(0, fieldCharactersMax);
  const semicolon = text.indexOf(';');
  const mediaType = (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase();
  let charset: string | undefined;
  let boundary: string | undefined;
  if (semicolon >= 0) {
    for (const [, name, quoted, token] of text.matchAll(parameterPattern)) {
      const value = quoted === undefined ? (token ?? '') : quoted.replaceAll(/\\(.)/g, '$1');
      if (name!.toLowerCase() === 'charset') charset ??= value.trim().toLowerCase();
      else if (name!.toLowerCase() === 'boundary') boundary ??= value;
    }
  }
  return { mediaType: /^[^\s/]+\/[^\s/]+$/.test(mediaType) ? mediaType : '', charset, boundary };
}

/**
 * A parameter of a Content-Disposition field, e.g. `name` or `filename`; also in its extended form (`name*=UTF-8''…`, RFC 8187) and in
 * sections (`name*0=`, RFC 2231).
 */
export function dispositionParameter(field: string | undefined, wanted: string): string | undefined {
  let sections: string | undefined;
  for (const [, name, quoted, token] of (field ?? '').slice(0, fieldCharactersMax).matchAll(parameterPattern)) {
    const lower = name!.toLowerCase();
    const value = quoted === undefined ? (token ?? '') : quoted.replaceAll(/\\(.)/g, '$1');
    if (lower === wanted) return value;
    if (!lower.startsWith(`${wanted}*`)) continue;
    sections = (sections ?? '') + (lower.endsWith('*') ? extendedValue(value) : value);
  }
  return sections;
}

/** Without its charset and language, percent-decoded; as it stands where the encoding is broken. */
function extendedValue(value: string): string {
  const text = value.replace(/^[\w-]{0,20}'[\w-]{0,20}'/, '');
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const exact: Record<string, BodyKind> = {
  '': 'unknown',
  'application/json': 'json',
  'text/json': 'json',
  'application/x-json': 'json',
  'application/x-javascript': 'text',
  'application/javascript': 'text',
  'application/ndjson': 'json',
  'application/x-ndjson': 'json',
  'application/jsonl': 'json',
  'application/json-seq': 'json',
  'application/yaml': 'yaml',
  'application/x-yaml': 'yaml',
  'text/yaml': 'yaml',
  'text/x-yaml': 'yaml',
  'application/x-www-form-urlencoded': 'form',
  'application/xml': 'xml',
  'text/xml': 'xml',
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'text/event-stream': 'events',
  'application/pdf': 'pdf',
  'application/octet-stream': 'bytes',
};

export function bodyKindOf(mediaType: string): BodyKind {
  const known = exact[mediaType];
  if (known !== undefined) return known;
  if (mediaType.endsWith('+json')) return 'json';
  if (mediaType.endsWith('+yaml')) return 'yaml';
  if (mediaType.endsWith('+xml')) return 'xml';
  if (mediaType.startsWith('multipart/')) return 'multipart';
  return mediaType.startsWith('text/') ? 'text' : 'bytes';
}

/** Whether the first byte behind white space begins what only JSON begins with: most bodies need no closer look. */
export function beginsJson(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09)) at += 1;
  return at < end && at - start < sniffedBytes && (bytes[at] === 0x7b || bytes[at] === 0x5b || bytes[at] === 0x22);
}

/** What the first bytes look like, for a body whose type is missing or says nothing. */
export function sniffKind(bytes: Uint8Array, start: number, end: number): BodyKind {
  const text = Buffer.prototype.latin1Slice
    .call(bytes, start, Math.min(end, start + sniffedBytes))
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (looksLikeJson(text)) return 'json';
  if (/^<(?:!doctype html|html)/i.test(text)) return 'html';
  if (/^<\??[a-z]/i.test(text)) return 'xml';
  if (text.startsWith('%PDF-')) return 'pdf';
  // Control characters other than white space: no text.
  return /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? 'bytes' : 'text';
}

const sniffedBytes = 64;

/** An object or array, or one scalar that is nothing else but JSON. */
export function looksLikeJson(text: string): boolean {
  return /^(?:\)\]\}',?\s*)?(?:[{[]|"|-?\d[\d.eE+-]*\s*$|(?:true|false|null)\s*$)/.test(text);
}
