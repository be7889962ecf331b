/**
 * Changes to the heads of requests, by rule: headers, and single cookies. Only the lines that a rule names change; every other byte stays
 * as it was recorded. Values may be secrets: no message and no report shows one. Pure.
 */
import { FloodgateError } from '../../agent/errors.ts';

/** As typed: `Name: value`, `Name`, `name=value`, `name`. */
export interface RuleWords {
  readonly rewriteHeaders: readonly string[];
  readonly dropHeaders: readonly string[];
  readonly rewriteCookies: readonly string[];
  readonly dropCookies: readonly string[];
}

/** By lower-case name; null: the header, or the cookie, is dropped. Plain data, for a thread. */
export interface HeaderRules {
  readonly headers: ReadonlyMap<string, string | null>;
  readonly cookies: ReadonlyMap<string, string | null>;
}

/** A method or a field's name (RFC 9110, section 5.6.2). */
export const token = /^[!#$%&'*+.^_`|~\w-]+$/;
/** These say where a request ends: with others, the bytes that follow would be another request. */
const framing = new Set(['content-length', 'transfer-encoding']);

/**
 * @param words `{port}` in a value is filled in later, `{env:NAME}` now
 * @throws FloodgateError `option-invalid`
 */
export function parseRules(words: RuleWords, env: Readonly<Record<string, string | undefined>>): HeaderRules {
  const headers = new Map<string, string | null>();
  const cookies = new Map<string, string | null>();
  for (const text of words.rewriteHeaders) {
    const [name, value] = split(text, ':', '--rewrite-header', 'Host: shop.example');
    headers.set(checkedName(name, '--rewrite-header'), filledIn(value, env, '--rewrite-header'));
  }
  for (const name of words.dropHeaders) headers.set(checkedName(name.trim(), '--drop-header'), null);
  for (const text of words.rewriteCookies) {
    const [name, value] = split(text, '=', '--rewrite-cookie', 'session={env:SESSION}');
    cookies.set(name, cookieValue(filledIn(value, env, '--rewrite-cookie')));
  }
  for (const name of words.dropCookies) cookies.set(name.trim(), null);
  return { headers, cookies };
}

export function isEmpty({ headers, cookies }: HeaderRules): boolean {
  return headers.size + cookies.size === 0;
}

/** With `{port}` filled in. */
export function withPort({ headers, cookies }: HeaderRules, port: number): HeaderRules {
  const fill = (rules: ReadonlyMap<string, string | null>) =>
    new Map([...rules].map(([name, value]) => [name, value?.replaceAll('{port}', String(port)) ?? null]));
  return { headers: fill(headers), cookies: fill(cookies) };
}

/** Which rules a head had something for, by name. */
export class AppliedRules {
  readonly headers = new Set<string>();
  readonly cookies = new Set<string>();

  /** Rules that had nothing in any head, as people name them: no value. */
  unused({ headers, cookies }: HeaderRules): string[] {
    const left = (rules: ReadonlyMap<string, string | null>, applied: ReadonlySet<string>, what: string) =>
      [...rules]
        .filter(([name]) => !applied.has(name))
        .map(([name, value]) => `--${value === null ? 'drop' : 'rewrite'}-${what} ${name}`);
    return [...left(headers, this.headers, 'header'), ...left(cookies, this.cookies, 'cookie')];
  }
}

/**
 * The head by the rules. A header that a request does not have is not added.
 * @param head latin1, from the start line to the empty line, line ends as recorded
 */
export function rewriteHead(head: string, { headers, cookies }: HeaderRules, applied = new AppliedRules()): string {
  const lines = linesOf(head);
  let changed = lines[0]!;
  let isDropping = false;
  for (const line of lines.slice(1)) {
    // A folded line goes with the one before it (RFC 9112, 5.2).
    if (/^[ \t]/.test(line)) {
      if (!isDropping) changed += line;
      continue;
    }
    isDropping = false;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trimEnd().toLowerCase();
    const value = headers.get(name);
    if (value !== undefined) applied.headers.add(name);
    if (value === null) isDropping = true;
    else if (value !== undefined) {
      changed += withValue(line, colon, value);
      isDropping = true;
    } else if (name === 'cookie' && cookies.size > 0) changed += rewriteCookies(line, colon, cookies, applied.cookies);
    else changed += line;
  }
  return changed;
}

/** Lines with their ends. */
function linesOf(head: string): string[] {
  return head.match(/[^\n]*\n|[^\n]+$/g) ?? [head];
}

/** The same line, its name and its end as they were. */
function withValue(line: string, colon: number, value: string): string {
  const space = /^[ \t]*/.exec(line.slice(colon + 1))![0];
  const end = /\r?\n$/.exec(line)?.[0] ?? '';
  return line.slice(0, colon + 1) + (space || ' ') + value + end;
}

function rewriteCookies(line: string, colon: number, cookies: HeaderRules['cookies'], applied: Set<string>): string {
  const end = /\r?\n$/.exec(line)?.[0] ?? '';
  const text = line.slice(colon + 1, line.length - end.length);
  const pairs = text.split(';');
  const kept: string[] = [];
  let isChanged = false;
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = (equals < 0 ? pair : pair.slice(0, equals)).trim();
    const value = cookies.get(name);
    if (value === undefined) kept.push(pair);
    else {
      isChanged = true;
      applied.add(name);
      if (value !== null) kept.push(`${pair.slice(0, equals + 1)}${value}`);
    }
  }
  if (!isChanged) return line;
  // A request whose last cookie went has no such header.
  return kept.length === 0 ? '' : `${line.slice(0, colon + 1)} ${kept.join(';').trimStart()}${end}`;
}

function split(text: string, by: string, option: string, example: string): [string, string] {
  const at = text.indexOf(by);
  if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  // Not the text itself: what stands there may be a secret.
  throw invalid(`${option}: there is no "${by}" behind a name`, `Example: ${option} "${example}".`);
}

function checkedName(name: string, option: string): string {
  const lower = name.toLowerCase();
  if (!token.test(name)) throw invalid(`${option}: that is no name of a header`, `Example: ${option} Authorization`);
  if (!framing.has(lower)) return lower;
  throw invalid(
    `${option}: ${name} says where a request ends`,
    'The body stays as it was recorded, and so does its length.',
  );
}

function filledIn(text: string, env: Readonly<Record<string, string | undefined>>, option: string): string {
  const value = text.replaceAll(/\{env:(\w+)\}/g, (_all, name: string) => {
    const found = env[name];
    if (found !== undefined) return found;
    throw invalid(`${option}: the environment has no ${name}`, `Set it: export ${name}=…`);
  });
  if (!/[\r\n\0]/.test(value)) return value;
  throw invalid(`${option}: a value has no line ends`, 'Check the variable of the environment that it comes from.');
}

/** RFC 6265, section 4.1.1: behind a semicolon stands the next cookie. */
function cookieValue(value: string): string {
  if (!value.includes(';')) return value;
  throw invalid('--rewrite-cookie: a value holds no ";"', 'Write one --rewrite-cookie for each cookie.');
}

function invalid(message: string, hint: string): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint });
}
