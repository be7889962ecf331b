/** What the kernel for plain heads (`agent/kernels/assembly/head/head.ts`) and its host (`plain-heads.ts`) agree on. */
import { READER_AT, READER_BYTES } from '../tcp/segment-layout.ts';

/** One byte for each byte: not 0 where it may be part of a token. */
export const TOKENS_AT = READER_AT;

/** What was found of a head, 32 bits each; offsets are relative to the head's start. */
export const HEAD_AT = TOKENS_AT + 256;
export const Found = {
  isRequest: 0,
  minorVersion: 1,
  /** Index into METHODS, −1 for others, `METHOD_IS_LONG` for those of more than seven letters. */
  method: 2,
  methodEnd: 3,
  targetEnd: 4,
  status: 5,
  reasonStart: 6,
  reasonEnd: 7,
  /** −1 where there is none. */
  contentLength: 8,
  chunked: 9,
  count: 10,
  nameLengths: 11,
} as const;
export const METHOD_IS_LONG = -2;

/** Name start and end, value start and end of each field, 32 bits each. */
export const FIELDS_AT = HEAD_AT + 64;
/** Room for so many; with a higher limit there is no kernel. */
export const FIELDS_MAX = Math.floor((READER_AT + READER_BYTES - FIELDS_AT) / 16);
