/** Names whose values are secret, however they are spelled: header fields, parameters, members, cookies, XML elements. */

const set = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Anywhere in the name, written together: `user_password`, `clientSecret`, `X-Api-Key`. */
const PARTS = [
  ...set(`
password passwd passphrase passcode passwort motdepasse contrasena secret credential apikey accesskey privatekey
secretkey signingkey encryptionkey masterkey sharedkey accountkey subscriptionkey functionskey licensekey storagekey
sshkey hostkey clientkey servicekey accesstoken refreshtoken idtoken authtoken sessiontoken securitytoken bearertoken
sessionid sessionkey authorization authentication connectionstring creditcard cardnumber ccnumber securitycode
socialsecurity taxpayerid bankaccount accountnumber routingnumber passportnumber driverslicense drivinglicence
codeverifier samlresponse recoverycode backupcode onetimecode twofactor`),
];

/** As a word of the name, the name split at case changes and anything but letters and digits. */
const WORDS = set(`
token pwd passwd pass secret ssn sin cvv cvv2 cvc cvc2 csc pin otp totp mfa jwt jws sid sig signature hmac csrf xsrf
csrftoken xsrftoken mnemonic seedphrase iban dob cookie credentials apikey authcode oauth assertion nino jsessionid
phpsessid xfcc`);

/** The whole name. */
const WHOLE = set('auth tokens keys cookie setcookie pan cc card cardno ccnum session aspnetsessionid xauth licence');

/** With one of these a token is not a secret: `token_type`, `tokenCount`. */
const HARMLESS_BESIDE_TOKEN = set(`
type count counts limit limits usage max total expires expiry expiration expiresin endpoint url uri length budget method`);

const NAME_CHARACTERS_MAX = 256;
/** Names come back with every message. A full table is emptied: names may come from an attacker. */
const CACHED_NAMES_MAX = 4096;
/** Longer names are decided anew each time: what the table weighs is counted in `agent/limits.ts`. */
const CACHED_CHARACTERS_MAX = 64;
const cache = new Map<string, boolean>();

/** Whether the value of a thing so called must not be told. Names longer than 256 characters are cut. */
export function isSecretName(name: string): boolean {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const result = decide(name.slice(0, NAME_CHARACTERS_MAX));
  if (cache.size >= CACHED_NAMES_MAX) cache.clear();
  if (name.length <= CACHED_CHARACTERS_MAX) cache.set(name, result);
  return result;
}

function decide(name: string): boolean {
  const words = name
    .replace(/%[0-9a-fA-F]{2}/g, ' ')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const joined = words.join('');
  if (WHOLE.has(joined)) return true;
  if (words.includes('token') && words.some((word) => HARMLESS_BESIDE_TOKEN.has(word))) return false;
  return words.some((word) => WORDS.has(word)) || WORDS.has(joined) || PARTS.some((part) => joined.includes(part));
}
