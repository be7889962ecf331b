/** Heads of HTTP/1 messages and how their bodies are framed: a plain and strict reading of RFC 9112. */

export interface Head {
  readonly isRequest: boolean;
  /** Of a request. */
  readonly method: string;
  /** Of a response; 0 for a request. */
  readonly status: number;
  /** Undefined where the fields name none. */
  readonly contentLength: number | undefined;
  readonly isChunked: boolean;
  /** A request waits for 100 (Continue) before its body. */
  readonly isExpectant: boolean;
  /** A transfer coding that ends with the connection. */
  readonly hasOtherCoding: boolean;
}

/** What follows a head. `length` −1: until the connection closes. */
export type Body = { readonly kind: 'length'; readonly length: number } | { readonly kind: 'chunked' };

/** @returns undefined for what is no head that everybody reads alike */
export function parseHead(text: string): Head | undefined {
  const [line, ...lines] = text.split('\r\n');
  const request = /^([A-Z]{1,32}) [^\s]+ HTTP\/1\.([01])$/.exec(line!);
  const response = request ? null : /^HTTP\/1\.([01]) (\d{3})(?: [^\r\n]*)?$/.exec(line!);
  if (!request && !response) return undefined;
  let contentLength: number | undefined;
  let codings: string | undefined;
  let isExpectant = false;
  for (const field of lines) {
    const colon = field.indexOf(':');
    // Folded lines, bare line ends, names with spaces: observers differ.
    if (colon <= 0 || /[\s\0]/.test(field.slice(0, colon)) || /[\r\n\0]/.test(field)) return undefined;
    const name = field.slice(0, colon).toLowerCase();
    const value = field.slice(colon + 1).trim();
    if (name === 'content-length') {
      if (contentLength !== undefined || !/^\d{1,15}$/.test(value)) return undefined;
      contentLength = Number(value);
    } else if (name === 'transfer-encoding') codings = codings === undefined ? value : `${codings}, ${value}`;
    else if (name === 'expect' && value.toLowerCase() === '100-continue') isExpectant = request !== null;
  }
  const isChunked = codings !== undefined && /(^|,)\s*chunked$/i.test(codings);
  if (codings !== undefined && (contentLength !== undefined || (request && !isChunked))) return undefined;
  return {
    isRequest: request !== null,
    method: request?.[1] ?? '',
    status: Number(response?.[2] ?? 0),
    contentLength,
    isChunked,
    isExpectant,
    hasOtherCoding: codings !== undefined && !isChunked,
  };
}

/** The body of a request. */
export function requestBody(head: Head): Body {
  return head.isChunked ? { kind: 'chunked' } : { kind: 'length', length: head.contentLength ?? 0 };
}

/** The body of a response to a request of this method. */
export function responseBody(head: Head, method: string): Body {
  const { status, contentLength, isChunked, hasOtherCoding } = head;
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return { kind: 'length', length: 0 };
  if (method === 'CONNECT' && status < 300) return { kind: 'length', length: 0 };
  if (isChunked) return { kind: 'chunked' };
  return { kind: 'length', length: hasOtherCoding ? -1 : (contentLength ?? -1) };
}

/** Whether the method of the request decides where this response ends. */
export function dependsOnMethod(head: Head): boolean {
  const { status, contentLength } = head;
  return status >= 200 && status !== 204 && status !== 304 && contentLength !== 0;
}

/** Whether a stream that begins with these bytes may be a head; more of them may say otherwise. */
export function mayBeHead(text: string): boolean {
  const response = 'HTTP/1.';
  if (text.startsWith(response) || response.startsWith(text)) return true;
  return /^[A-Z]{1,32}(?: [\s\S]*)?$/.test(text);
}

/** Whether a response to this method has the body that its head announces. */
export function takesBody(method: string): boolean {
  return method !== 'HEAD' && method !== 'CONNECT';
}
