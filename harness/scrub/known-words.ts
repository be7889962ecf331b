/** Words that say how a message is made, not what it says: they stay. Everything that is not listed here is replaced. */
import { STATUS_CODES } from 'node:http';
import { METHODS } from '../../agent/http/methods.ts';

const list = (text: string) => new Set(text.trim().split(/\s+/));

const methods = new Set<string>(METHODS);

/** Fields of IANA's registry that are seen, and what proxies and browsers add everywhere. */
const names = list(`
  accept accept-charset accept-encoding accept-language accept-patch accept-ranges access-control-allow-credentials
  access-control-allow-headers access-control-allow-methods access-control-allow-origin access-control-expose-headers
  access-control-max-age access-control-request-headers access-control-request-method age allow alt-svc authorization
  cache-control connection content-disposition content-encoding content-language content-length content-location content-md5
  content-range content-security-policy content-transfer-encoding content-type cookie cookie2 date dnt etag expect expires
  forwarded from host http2-settings idempotency-key if-match if-modified-since if-none-match if-range if-unmodified-since
  keep-alive last-modified link location max-forwards mime-version origin p3p pragma prefer priority proxy-authenticate
  proxy-authorization proxy-connection range referer referrer-policy refresh retry-after sec-ch-ua sec-ch-ua-mobile
  sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-websocket-accept sec-websocket-extensions
  sec-websocket-key sec-websocket-protocol sec-websocket-version server set-cookie set-cookie2 soapaction
  strict-transport-security te timing-allow-origin trailer transfer-encoding traceparent tracestate upgrade
  upgrade-insecure-requests user-agent vary via warning www-authenticate x-content-type-options x-correlation-id
  x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-frame-options x-powered-by x-real-ip x-request-id
  x-requested-with x-xss-protection`);

/** Whose words say how a message is framed and coded. */
const structural = list(`
  accept accept-charset accept-encoding accept-ranges cache-control connection content-disposition content-encoding content-length
  content-range content-transfer-encoding content-type expect keep-alive mime-version pragma proxy-connection range
  sec-websocket-extensions sec-websocket-version te trailer transfer-encoding upgrade vary`);

/** Settings of a protocol in Base64: to be read, and nobody's. */
const settingsName = 'http2-settings';
/** An identifier and a value (RFC 9113, section 6.5.1); those of IANA's registry, and room for some more. */
const settingBytes = 6;
const settingIdMax = 0x20;

/** Whose numbers do, and of how many digits behind zeros they are at most: more are no length of anything, and no version. */
const lengthDigitsMax = 12;
const numberDigitsMax = 6;
const digitsMax = new Map([
  ...['content-length', 'content-range', 'range'].map((name) => [name, lengthDigitsMax] as const),
  ...['keep-alive', 'mime-version', 'sec-websocket-version'].map((name) => [name, numberDigitsMax] as const),
]);

/** Media types, codings, character sets, directives. */
const words = list(`
  aac access amr application atom audio avi avif base64 binary bmp bom boundary br brotli bytes bzip2 cache cbor chunked close
  compress continue control credentials csp css csv data deflate dev directory disposition encoding event eot exi external extensions
  fields file filename flac font form format gb18030 gb2312 gbk gif graphql grpc gzip h2c h264 h265 hal html http ical icon identity image
  immutable inline iso javascript jose jpeg jpg js json jsonml jsonp jwt keep alive ksc5601 latin1 length level linestrings
  mac manifest markdown matroska max age message mixed mp3 mp4 mpeg msgpack msword multipart must must_revalidate name ndjson no node
  none octet ogg openxmlformats origin otf parallel patch pdf permessage plain png pragma private problem protobuf proto proxy public
  q quicktime quoted printable range related report request response revalidate rfc822 rss rtf sjis shift signed signature soap
  sparql sql stale start store stream svg tab tar text tiff timeout toml transform trailers transfer type ttf upgrade url urlencoded us ascii user
  utf utf8 vary vnd vary video wasm wav webm webp websocket while windows woff woff2 wss www x xhtml xml xop yaml zip zlib zstd
  permessage client server_max_window_bits max window bits takeover context no
  7bit 8bit if error accept language agent cookie authorization content event csrf delta error
  lz4 snappy dcb dcz aes128gcm attachment 100 timeout max
  1 2 8 9 15 16 32 1251 1252 1254 2022 8859 koi8 r euc jp kr big5`);

export function isKnownMethod(method: string): boolean {
  return methods.has(method);
}

/** @param name in lower case, as all functions here want it */
export function isKnownName(name: string): boolean {
  return names.has(name);
}

export function keepsWords(name: string): boolean {
  return structural.has(name);
}

/** @param word letters and digits, in lower case @returns whether it says how a message is made, in a field whose words do */
export function staysIn(name: string, word: string): boolean {
  return words.has(word) || (/^\d+$/.test(word) && word.replace(/^0+/, '').length <= (digitsMax.get(name) ?? 0));
}

/** Whether a value stays as a whole: settings of HTTP/2 that are some. */
export function staysWhole(name: string, value: string): boolean {
  if (name !== settingsName) return false;
  const text = value.trim();
  const settings = Buffer.from(text, 'base64url');
  if (settings.toString('base64url') !== text.replace(/=+$/, '') || settings.length % settingBytes !== 0) return false;
  for (let at = 0; at < settings.length; at += settingBytes) {
    if (settings.readUInt16BE(at) > settingIdMax) return false;
  }
  return true;
}

/** Of names of fields and of reasons: where they stand they stay. */
const structuralParts = new Set(
  [...names, ...Object.values(STATUS_CODES).map((reason) => reason!.toLowerCase())].flatMap((name) =>
    name.split(/[^a-z]+/),
  ),
);

/** @param word in lower case @returns whether it may stand in what was scrubbed */
export function mayStand(word: string): boolean {
  return words.has(word) || structuralParts.has(word);
}
