/**
 * `name:password` and keys behind the options of programs that make a load. The rules of the agent know `-u` and `--user`; which others there
 * are is in the manuals of curl, ab, hey, oha and HTTPie (wrk, k6, autocannon, vegeta, siege and h2load take headers alone). Pure.
 */
import { REDACTED } from '../../agent/witness/secret-scanner.ts';
import { isFileName } from './file-paths.ts';

/** Behind these whatever follows the colon is a password: curl `-U`, `-E`; ab `-A`, `-P`; hey, oha and HTTPie `-a`. */
const loginOptions = new Set([
  ...['a', 'A', 'E', 'P', 'u', 'U'],
  ...['auth', 'basic-auth', 'cert', 'credentials', 'http-user', 'login', 'proxy-auth', 'proxy-cert', 'proxy-user'],
  ...['tls-user', 'tlsuser', 'user'],
]);
/** Rules read what a header says by its name; metrics of ours name functions (`bytes:Base64Encoder=1MB`). */
const otherOptions = new Set([
  ...['H', 'header', 'headers', 'proxy-header', 'add-header'],
  ...['budget', 'metric', 'threshold'],
]);
/** Packages (`npm:shop@1.0.0`), digests and addresses: nobody logs in by such a name behind an option that says nothing of a login. */
const schemes = new Set([
  'data',
  'docker',
  'file',
  'git',
  'jsr',
  'link',
  'md5',
  'node',
  'npm',
  'portal',
  'sha1',
  'sha256',
  'sha512',
  'urn',
  'workspace',
]);
/** Of a file with a key for curl; of the key itself for others. */
const keyOptions = new Set(['key']);

/** Behind an option a name and what is behind its colon, no path and no second slash of an address. */
const loginRule = /(?<![\w'"./-])--?([A-Za-z][\w-]*)(?:=|[ \t]+)(["']?)([^\s"':=/]+):([^\s"':/.~][^\s"']*)\2(?![\w:])/g;
/** The word behind an option. */
const keyRule = /(?<![\w'"./-])--?([A-Za-z][\w-]*)(?:=|[ \t]+)(["']?)([^\s"'-][^\s"']*)\2(?![\w:])/g;

/** A text without them. */
export function withoutLogins(text: string): string {
  if (!text.includes('-')) return text;
  const plain = text.replaceAll(loginRule, (whole, option: string, quote: string, user: string, password: string) => {
    if (password.startsWith(REDACTED) || otherOptions.has(option)) return whole;
    const isLogin = loginOptions.has(option)
      ? !/^\d+$/.test(password) || /\D/.test(user)
      : !schemes.has(user) && isOpaque(password);
    return isLogin ? `${whole.slice(0, -password.length - quote.length)}${REDACTED}${quote}` : whole;
  });
  return plain.replaceAll(keyRule, (whole, option: string, quote: string, value: string) => {
    if (!keyOptions.has(option) || value.includes('/') || isFileName(value) || !isOpaque(value)) return whole;
    return `${whole.slice(0, -value.length - quote.length)}${REDACTED}${quote}`;
  });
}

/** Drawn by chance, by the kinds of characters in it: no tag (`node:20-alpine`), time or word is. */
function isOpaque(text: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w.-]/].filter((kind) => kind.test(text)).length;
  return (text.length >= 8 && kinds >= 3) || (text.length >= 12 && kinds >= 2 && !/[.\-_]/.test(text));
}
