/** What header fields and bytes have of their own: schemes of credentials, names of protocols, UTF-16. */
import { REDACTED, redactText } from './secret-scanner.ts';

/** Schemes of credentials (IANA's registry, and those that are in wide use beside it). */
export const AUTH_SCHEMES = new Set([
  ...[
    'basic',
    'bearer',
    'digest',
    'negotiate',
    'ntlm',
    'token',
    'apikey',
    'api-key',
    'oauth',
    'hawk',
    'hoba',
    'mutual',
  ],
  ...['scram-sha-1', 'scram-sha-256', 'vapid', 'dpop', 'gnap', 'privatetoken', 'concealed', 'mac', 'signature', 'jwt'],
  ...['aws4-hmac-sha256', 'aws', 'sharedkey', 'sharedkeylite', 'googlelogin', 'kerberos', 'key', 'sso-key'],
]);

/** Names of fields lose their case on the way (`agent/witness/witness-builder.ts`): issuers' beginnings are tried in each. */
export function redactFieldName(name: string): string {
  const redacted = redactText(name);
  if (redacted !== name || name.length < FIELD_SECRET_MIN) return redacted;
  const [lower, upper] = [name.toLowerCase(), name.toUpperCase()];
  return redactText(lower) !== lower || redactText(upper) !== upper ? REDACTED : name;
}
/** Shorter names hold no key. */
const FIELD_SECRET_MIN = 16;

/** Protocols are words and versions: `graphql-transport-ws`, `v12.stomp`, `ocpp1.6`. */
export function isProtocolName(protocol: string): boolean {
  if (protocol.length > 64) return false;
  return protocol.split(/[-._/+]/).every((piece) => /^(?:[A-Za-z]{0,20}\d{0,3}|\d{1,4})$/.test(piece) && isWord(piece));
}

/** Of one case, or with a capital at its beginning. */
const isWord = (piece: string): boolean => /^(?:[A-Z]?[a-z]*|[A-Z]*|[A-Z][a-z]+[A-Z][a-z]+)\d*$/.test(piece);

/** Whether bytes hold a secret as UTF-16 has it: each character with an empty byte, in runs that are no chance. */
export function hidesWideText(bytes: string): boolean {
  const runs = bytes.match(/(?:[\t\n\r\x20-\x7e]\0){8,}|(?:\0[\t\n\r\x20-\x7e]){8,}/g);
  if (runs === null) return false;
  const narrow = runs.join('\n').replaceAll('\0', '');
  return redactText(narrow) !== narrow;
}
