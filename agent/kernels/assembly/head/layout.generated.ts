// Constants of agent/http/head-layout.ts and methods.ts for AssemblyScript, written by `npm run generate`. Not for editing.
export const TOKENS_AT: i32 = 17408;
export const FIELDS_AT: i32 = 17728;
export const METHOD_IS_LONG: i32 = -2;
export const METHOD_BYTES_MAX: i32 = 32;
export const FOUND_IS_REQUEST: i32 = 17664;
export const FOUND_MINOR_VERSION: i32 = 17668;
export const FOUND_METHOD: i32 = 17672;
export const FOUND_METHOD_END: i32 = 17676;
export const FOUND_TARGET_END: i32 = 17680;
export const FOUND_STATUS: i32 = 17684;
export const FOUND_REASON_START: i32 = 17688;
export const FOUND_REASON_END: i32 = 17692;
export const FOUND_CONTENT_LENGTH: i32 = 17696;
export const FOUND_CHUNKED: i32 = 17700;
export const FOUND_COUNT: i32 = 17704;
export const FOUND_NAME_LENGTHS: i32 = 17708;
/** `HTTP/1.` */
export const TEXT_HTTP: u64 = 0x2e312f50545448;
/** `chunked` */
export const TEXT_CHUNKED: u64 = 0x64656b6e756863;
/** `upgrade` */
export const TEXT_UPGRADE: u64 = 0x65646172677075;
/** `content-` */
export const TEXT_CONTENT: u64 = 0x2d746e65746e6f63;
/** `t-length` */
export const TEXT_T_LENGTH: u64 = 0x6874676e656c2d74;
/** `transfer` */
export const TEXT_TRANSFER: u64 = 0x726566736e617274;
/** `-encodin` */
export const TEXT_ENCODIN: u64 = 0x6e69646f636e652d;

/** Of a method with the space behind it; -1 for others. */
export function methodIndex(word: u64): i32 {
  if (word == 0x20544547) return 0; // GET
  if (word == 0x2054534f50) return 1; // POST
  if (word == 0x20545550) return 2; // PUT
  if (word == 0x204554454c4544) return 3; // DELETE
  if (word == 0x2044414548) return 4; // HEAD
  if (word == 0x20534e4f4954504f) return 5; // OPTIONS
  if (word == 0x204843544150) return 6; // PATCH
  if (word == 0x205443454e4e4f43) return 7; // CONNECT
  if (word == 0x204543415254) return 8; // TRACE
  if (word == 0x204c4341) return 9; // ACL
  if (word == 0x20444e4942) return 11; // BIND
  if (word == 0x204e494b43454843) return 12; // CHECKIN
  if (word == 0x2059504f43) return 14; // COPY
  if (word == 0x204c4542414c) return 15; // LABEL
  if (word == 0x204b4e494c) return 16; // LINK
  if (word == 0x204b434f4c) return 17; // LOCK
  if (word == 0x20454752454d) return 18; // MERGE
  if (word == 0x204c4f434b4d) return 21; // MKCOL
  if (word == 0x2045564f4d) return 24; // MOVE
  if (word == 0x205952455551) return 28; // QUERY
  if (word == 0x20444e49424552) return 29; // REBIND
  if (word == 0x2054524f504552) return 30; // REPORT
  if (word == 0x20484352414553) return 31; // SEARCH
  if (word == 0x20444e49424e55) return 32; // UNBIND
  if (word == 0x204b4e494c4e55) return 34; // UNLINK
  if (word == 0x204b434f4c4e55) return 35; // UNLOCK
  if (word == 0x20455441445055) return 36; // UPDATE
  if (word == 0x20594649544f4e) return 40; // NOTIFY
  if (word == 0x204547525550) return 43; // PURGE
  if (word == 0x20454352554f53) return 44; // SOURCE
  if (word == 0x2059504f4342) return 45; // BCOPY
  if (word == 0x204554454c454442) return 46; // BDELETE
  if (word == 0x2045564f4d42) return 47; // BMOVE
  if (word == 0x204c4c4f50) return 50; // POLL
  return -1;
}
