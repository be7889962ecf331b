/** Where each HTTP/1 message of a whole stream begins and ends: a plain reading of RFC 9112 for well-formed traffic. */

export interface MessageRange {
  readonly start: number;
  readonly end: number;
}

const headEnd = Buffer.from('\r\n\r\n');

/**
 * The requests of a client's stream, and their methods; what follows something that is none is left alone.
 */
export function requestRanges(stream: Buffer): { ranges: MessageRange[]; methods: string[] } {
  const ranges: MessageRange[] = [];
  const methods: string[] = [];
  for (let at = 0; at < stream.length; ) {
    const head = readHead(stream, at);
    const line = head === undefined ? null : /^([A-Z]+) \S+ HTTP\/1\.[01]$/.exec(head.line);
    if (head === undefined || line === null) break;
    const end = bodyEnd(stream, head, head.fields.has('transfer-encoding') || head.fields.has('content-length'), false);
    if (end === undefined) break;
    ranges.push({ start: at, end });
    methods.push(line[1]!);
    at = end;
  }
  return { ranges, methods };
}

/** The final and interim responses of a server's stream to requests of these `methods`. @param isClosed the stream ended */
export function responseRanges(stream: Buffer, methods: readonly string[], isClosed: boolean): MessageRange[] {
  const ranges: MessageRange[] = [];
  let answered = 0;
  for (let at = 0; at < stream.length; ) {
    const head = readHead(stream, at);
    const line = head === undefined ? null : /^HTTP\/1\.[01] (\d{3})( |$)/.exec(head.line);
    if (head === undefined || line === null) break;
    const status = Number(line[1]);
    const isInterim = status < 200 && status !== 101;
    const method = isInterim ? '' : (methods[answered++] ?? '');
    const hasBody = status >= 200 && status !== 204 && status !== 304 && method !== 'HEAD';
    const end = bodyEnd(stream, head, hasBody, isClosed);
    if (end === undefined) break;
    if (!isInterim) ranges.push({ start: at, end });
    if (status === 101 || (method === 'CONNECT' && status < 300)) break;
    at = end;
  }
  return ranges;
}

interface Head {
  readonly line: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly end: number;
}

function readHead(stream: Buffer, start: number): Head | undefined {
  const found = stream.indexOf(headEnd, start);
  if (found < 0) return undefined;
  const [line, ...lines] = stream.toString('latin1', start, found).split('\r\n');
  const fields = new Map<string, string>();
  for (const field of lines) {
    const colon = field.indexOf(':');
    if (colon > 0) fields.set(field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim());
  }
  return { line: line!, fields, end: found + headEnd.length };
}

/** Undefined where the stream ends before the body does. */
function bodyEnd(stream: Buffer, head: Head, hasBody: boolean, endsWithStream: boolean): number | undefined {
  if (!hasBody) return head.end;
  if (/chunked$/i.test(head.fields.get('transfer-encoding') ?? '')) return chunkedEnd(stream, head.end);
  const length = head.fields.get('content-length');
  if (length === undefined) return endsWithStream ? stream.length : undefined;
  const end = head.end + Number(length);
  return end <= stream.length ? end : undefined;
}

function chunkedEnd(stream: Buffer, start: number): number | undefined {
  for (let at = start; ; ) {
    const lineEnd = stream.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(stream.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) return undefined;
    at = lineEnd + 2;
    if (size > 0) {
      at += size + 2;
      continue;
    }
    // Trailer fields, up to an empty line (RFC 9112, section 7.1.2).
    if (stream.toString('latin1', at, at + 2) === '\r\n') return at + 2;
    const end = stream.indexOf(headEnd, at);
    return end < 0 ? undefined : end + headEnd.length;
  }
}
