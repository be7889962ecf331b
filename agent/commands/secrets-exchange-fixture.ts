/** Exchanges as bytes, for tests that plant secrets in them. For tests only. */

export interface Exchange {
  readonly request: Buffer;
  readonly response: Buffer;
}

const head = 'Host: api.example\r\nUser-Agent: planter/1.0';

export const get = (target: string, fields = '') => Buffer.from(`GET ${target} HTTP/1.1\r\n${head}${fields}\r\n\r\n`);

export const ok = (fields = '', body: string | Buffer = '', reason = 'OK') =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 ${reason}\r\nServer: x${fields}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`),
    Buffer.from(body),
  ]);

export const post = (type: string, body: string | Buffer, fields = '') =>
  Buffer.concat([
    Buffer.from(
      `POST /plants HTTP/1.1\r\n${head}${type === '' ? '' : `\r\nContent-Type: ${type}`}${fields}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`,
    ),
    Buffer.from(body),
  ]);

/** A body in one of the two messages, and the other one without. */
export const sent = (type: string, body: string | Buffer, fields = ''): Exchange => ({
  request: post(type, body, fields),
  response: ok(),
});
export const received = (type: string, body: string | Buffer, fields = ''): Exchange => ({
  request: get('/plants'),
  response: ok(`\r\nContent-Type: ${type}${fields}`, body),
});
/** A body in both messages: a type's two ways through the agent. */
export const both = (type: string, body: string | Buffer, fields = ''): Exchange => ({
  request: sent(type, body, fields).request,
  response: received(type, body, fields).response,
});
/** A target, and an empty answer; then fields of the request, and of the response. */
export const asked = (target: string): Exchange => ({ request: get(target), response: ok() });
export const withField = (field: string): Exchange => ({ request: get('/h', `\r\n${field}`), response: ok() });
export const answered = (field: string): Exchange => ({ request: get('/h'), response: ok(`\r\n${field}`) });

/** In two chunks, with an extension and a trailer. */
export const chunked = (type: string, body: string, extension = '', trailer = ''): Exchange => {
  const half = body.length >> 1;
  const chunks = [body.slice(0, half), body.slice(half)].filter((each) => each !== '');
  const coded = chunks.map((each) => `${Buffer.byteLength(each).toString(16)}${extension}\r\n${each}\r\n`).join('');
  const response = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n${coded}0\r\n${trailer}\r\n`;
  return { request: get('/k'), response: Buffer.from(response) };
};

export const part = (disposition: string, content: string, fields = ''): Exchange =>
  sent(
    'multipart/form-data; boundary=b0',
    `--b0\r\nContent-Disposition: form-data; ${disposition}${fields}\r\n\r\n${content}\r\n--b0--\r\n`,
  );

export const encoded = encodeURIComponent;
export const twice = (text: string) => encodeURIComponent(encodeURIComponent(text));
export const base64 = (text: string) => Buffer.from(text).toString('base64');
export const JSON_TYPE = 'application/json';
export const json = JSON.stringify;
/** With these characters as JSON's escapes. */
export const escaped = (text: string, characters: RegExp) =>
  text.replace(characters, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
export const entities = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
export const headerName = (name: string) => name.replace(/[^A-Za-z0-9_\u0080-\uffff-]/g, '-');
export const xmlName = (name: string) => name.replace(/[^A-Za-z0-9_\u0080-\uffff-]/g, '_');
export const oneLine = (secret: string) => secret.replaceAll('\n', ' ');
/** As YAML wants lines that go on. */
export const indented = (secret: string) => secret.replaceAll('\n', '\n    ');
