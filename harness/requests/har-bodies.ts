/**
 * What a HAR entry says of bodies: the one that was sent, and how long the answer was on the wire. Fields of an entry contradict each other:
 * Chromium writes `bodySize: 0` for a form that it sent, and counts chunk sizes and errors of its own into an answer's `bodySize`. Pure.
 */
import { EventFlag } from './request-event.ts';

export interface HarHeader {
  readonly name: string;
  readonly value: string;
}

export interface HarRequestBody {
  readonly headers: readonly HarHeader[];
  /** −1: unknown. */
  readonly bodySize: number;
  readonly postData?:
    | {
        readonly text?: string | undefined;
        readonly encoding?: string | undefined;
        readonly params?:
          | readonly {
              readonly name: string;
              readonly value?: string | undefined;
              readonly fileName?: string | undefined;
            }[]
          | undefined;
      }
    | undefined;
}

/** Null where the file does not have what was sent. */
export function sentBody(request: HarRequestBody): Buffer | null {
  const { bodySize, headers } = request;
  const body = writtenBody(request);
  const announced = lengthOf(headers);
  if (body === null || announced === 'unclear') return null;
  if (announced !== undefined && announced !== body.length) return null;
  // A chunked body whose length nothing says, and that is not there: was it empty, or left out?
  if (body.length === 0 && isChunked(headers)) return null;
  const isSaid = bodySize > 0 || (bodySize === 0 && announced === undefined);
  return isSaid && bodySize !== body.length ? null : body;
}

function writtenBody({ headers, postData }: HarRequestBody): Buffer | null {
  if (!postData) return Buffer.alloc(0);
  const { text, encoding, params } = postData;
  // What was decoded for the file is not what was sent.
  if (hasCoding(headers) && encoding !== 'base64') return null;
  if (text !== undefined && (text !== '' || !params?.length)) {
    return Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8');
  }
  if (params?.some(({ fileName }) => fileName !== undefined)) return null;
  const pairs = (params ?? []).map(({ name, value }): [string, string] => [name, value ?? '']);
  return Buffer.from(new URLSearchParams(pairs).toString());
}

export interface HarAnswer {
  readonly status: number;
  readonly headers: readonly HarHeader[];
  readonly httpVersion: string;
  /** −1: unknown. */
  readonly bodySize: number;
  readonly content: {
    readonly size: number;
    readonly text?: string | undefined;
    readonly encoding?: string | undefined;
  };
}

/** How a later answer is compared with this one. @param isExact `bodySize` never holds more than the body */
export function comparedAs(
  method: string,
  requestHeaders: readonly HarHeader[],
  answer: HarAnswer,
  isExact: boolean,
): { readonly flags: number; readonly answerBytes: number } {
  if (answer.status < 100) return { flags: 0, answerBytes: 0 };
  if (isRevalidated(requestHeaders, answer)) {
    return { flags: EventFlag.answered | EventFlag.revalidated, answerBytes: 0 };
  }
  const length = hasNoBody(method, answer.status) ? 0 : wireLength(answer, isExact);
  if (length === undefined) return { flags: EventFlag.answered, answerBytes: 0 };
  return { flags: EventFlag.answered | EventFlag.measured, answerBytes: length };
}

/** A browser asked whether its copy is still good, and wrote the copy down as the answer: on the wire it was a 304, as far as is known. */
function isRevalidated(
  requestHeaders: readonly HarHeader[],
  { status, headers, bodySize, content }: HarAnswer,
): boolean {
  if (status !== 200 || bodySize !== 0) return false;
  const isConditional = requestHeaders.some(({ name }) => /^if-(none-match|modified-since)$/i.test(name));
  // An answer that was empty says so.
  return isConditional && !(content.size === 0 && lengthOf(headers) === 0);
}

/** RFC 9112, 6.3. */
function hasNoBody(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}

/** Body bytes, transfer coding removed; undefined where the entry's fields leave it open. */
function wireLength({ headers, httpVersion, bodySize, content }: HarAnswer, isExact: boolean): number | undefined {
  const isFramed = isChunked(headers) || /^(h|HTTP\/)[23]/i.test(httpVersion);
  const counted = bodySize >= 0 && (isExact || !isFramed) ? bodySize : undefined;
  const announced = lengthOf(headers);
  if (announced === 'unclear') return undefined;
  const size = hasCoding(headers) ? undefined : contentLength(content);
  if (announced !== undefined) {
    const others = [counted, size].filter((each) => each !== undefined);
    return others.length === 0 || others.includes(announced) ? announced : undefined;
  }
  if (size === undefined) return counted;
  // 0 is also what is written where a cache answered, or where the content was left out.
  const isContradicted = counted !== undefined && counted !== size && counted > 0;
  if (isContradicted) return size === 0 ? counted : undefined;
  return size === 0 && counted === undefined && content.text === undefined ? undefined : size;
}

function contentLength({ size, text = '', encoding }: HarAnswer['content']): number | undefined {
  if (size > 0 || (size === 0 && text === '')) return size;
  if (text === '') return undefined;
  if (encoding === 'base64') return Buffer.byteLength(text, 'base64');
  // In another charset than UTF-8 it had another length.
  return Buffer.byteLength(text) === text.length ? text.length : undefined;
}

function valuesOf(headers: readonly HarHeader[], name: string): string[] {
  return headers.filter((each) => each.name.toLowerCase() === name).map(({ value }) => value.trim().toLowerCase());
}

/** The announced length; undefined without one. `Transfer-Encoding` overrides it (RFC 9112, 6.3). */
function lengthOf(headers: readonly HarHeader[]): number | 'unclear' | undefined {
  if (isChunked(headers)) return undefined;
  const lengths = new Set(valuesOf(headers, 'content-length').flatMap((value) => value.split(/\s*,\s*/)));
  if (lengths.size === 0) return undefined;
  const [length] = lengths;
  return lengths.size === 1 && /^\d{1,15}$/.test(length!) ? Number(length) : 'unclear';
}

function isChunked(headers: readonly HarHeader[]): boolean {
  return valuesOf(headers, 'transfer-encoding').some((value) => value !== '' && value !== 'identity');
}

function hasCoding(headers: readonly HarHeader[]): boolean {
  return valuesOf(headers, 'content-encoding').some((value) => value !== '' && value !== 'identity');
}
