/** One exchange as bytes, from what a place plants in it. */

export interface Exchange {
  /** Behind the path that identifies the exchange. */
  readonly target?: string;
  /** Instead of the whole target; the identity is put in for `ID`. */
  readonly wholeTarget?: string;
  readonly method?: string;
  readonly version?: string;
  readonly fields?: readonly string[];
  readonly body?: string | Buffer;
  readonly status?: string;
  readonly answerFields?: readonly string[];
  readonly answer?: string | Buffer;
  /** Sent in chunks of so many bytes, with these trailer fields. */
  readonly chunkBytes?: number;
  readonly trailers?: readonly string[];
  /** The connection is no longer HTTP afterwards. */
  readonly isLast?: boolean;
}

const bytesOf = (text: string | Buffer): Buffer => (typeof text === 'string' ? Buffer.from(text) : text);

/** The same length for each, so that none is part of another. */
export const identity = (cell: number) => `cell-${String(100_000 + cell)}`;

function message(start: string, fields: readonly string[], body: Buffer | null, shape: Exchange): Buffer {
  const head = [start, ...fields];
  if (body === null) return Buffer.from(`${head.join('\r\n')}\r\n\r\n`);
  if (shape.chunkBytes === undefined) {
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
  }
  const pieces: Buffer[] = [Buffer.from(`${head.join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\n`)];
  for (let at = 0; at < body.length; at += shape.chunkBytes) {
    const chunk = body.subarray(at, at + shape.chunkBytes);
    pieces.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  pieces.push(Buffer.from(`0\r\n${(shape.trailers ?? []).map((line) => `${line}\r\n`).join('')}\r\n`));
  return Buffer.concat(pieces);
}

/** @returns the request and the response */
export function exchangeBytes(cell: number, shape: Exchange): readonly [Buffer, Buffer] {
  const { method = shape.body === undefined ? 'GET' : 'POST', version = 'HTTP/1.1' } = shape;
  const target = shape.wholeTarget?.replace('ID', identity(cell)) ?? `/at/${identity(cell)}${shape.target ?? ''}`;
  const fields = ['Host: api.example', ...(shape.fields ?? [])];
  const request = message(
    `${method} ${target} ${version}`,
    fields,
    shape.body === undefined ? null : bytesOf(shape.body),
    shape,
  );
  const isEmpty = shape.status?.startsWith('101') || method === 'CONNECT';
  const response = message(
    `HTTP/1.1 ${shape.status ?? '200 OK'}`,
    shape.answerFields ?? [],
    isEmpty ? null : bytesOf(shape.answer ?? ''),
    shape,
  );
  return [request, response];
}
