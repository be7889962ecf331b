import t from 'tap';
import type { HttpMessage } from '../http/message-handler.ts';
import { Obfuscator } from '../witness/obfuscation.ts';
import { ExchangeLines, readable, waitingMax } from './exchange-lines.ts';

function message(kind: 'request' | 'response', exchange: number, fields: Partial<HttpMessage> = {}): HttpMessage {
  const isRequest = kind === 'request';
  const values: Record<string, string> = isRequest
    ? { host: 'api.example' }
    : { 'content-type': 'application/json; charset=utf-8' };
  return {
    ...{
      kind,
      exchange,
      stream: 1,
      connection: 1,
      side: isRequest ? 0 : 1,
      status: isRequest ? 0 : 200,
      method: 'GET',
      uri: '/a',
    },
    ...{ tsUs: isRequest ? 1e15 : 1e15 + 12_345, lastTsUs: 1e15, bodyBytes: isRequest ? 0 : 2_345, complete: true },
    headers: { count: 0, name: () => '', value: () => '', get: (name: string) => values[name] },
    ...fields,
  } as HttpMessage;
}

function found(colours = false) {
  const lines: string[] = [];
  const sink = new ExchangeLines({
    write: (text) => void lines.push(text),
    obfuscator: new Obfuscator('redact', new Uint8Array(32)),
    colours,
  });
  const send = (one: HttpMessage) => {
    sink.begin(one);
    sink.end(one);
  };
  return { sink, lines, send };
}

t.test('one line an exchange', (t) => {
  const { sink, lines, send } = found();
  send(message('request', 0, { bodyBytes: 17, method: 'POST', uri: '/items?password=hunter2&q=1' }));
  send(message('response', 0, { status: 100 }));
  send(message('response', 0));
  send(message('response', -1, { complete: false }));
  send(message('request', 1));
  sink.close();
  t.strictSame(lines, [
    '01:46:40.000  200  POST api.example/items?password=*REDACTED*&q=1  17 B → 2.3 kB, application/json, 12.3 ms\n',
    '01:46:40.012  200  request not seen  2.3 kB, application/json, incomplete\n',
    '01:46:40.000  ---  GET  api.example/a  no response\n',
  ]);
  t.strictSame({ ...sink.counters }, { lines: 3, requestsAlone: 1, responsesAlone: 1, waitingEvicted: 0 });
  t.end();
});

t.test('colours where they are wanted, and nothing else that a terminal obeys', (t) => {
  const { lines, send } = found(true);
  const evil = '/\x1b]0;owned\x07\x9b31m\r\nfake line\t\x7f\xe2\x80\xae';
  const headers = { count: 0, name: () => '', value: () => '', get: () => '\x1b[2J\u0085', all: () => '' };
  send(message('request', 0, { uri: evil, headers, method: 'G\x1bT' }));
  send(message('response', 0, { status: 503, headers }));
  const [line = ''] = lines;
  t.equal(lines.length, 1);
  const ours = /\x1b\[(0|1|2|31|32|33|36)m/g;
  t.notMatch(line.replace(ours, '').slice(0, -1), /[\x00-\x1f\x7f-\x9f\u202e\u2028]/);
  t.match(line, '\x1b[31m503\x1b[0m');
  t.match(line, '\\x1b]0;owned\\x07');
  t.match(line, /\\x1b\[2J\\x85|\\x1b\[2J/);
  t.end();
});

t.test('a pair that is only probable is marked, whichever half comes last', (t) => {
  const { lines, send } = found();
  send(message('request', 0, { pairing: 'open' }));
  send(message('response', 0, { pairing: 'probable' }));
  send(message('response', 1, { method: '', pairing: 'open' }));
  send(message('request', 1, { pairing: 'probable' }));
  send(message('request', 2, { pairing: 'open' }));
  send(message('response', 2, { pairing: 'certain' }));
  t.strictSame(
    lines.map((line) => line.endsWith(', probable pair\n')),
    [true, true, false],
  );
  t.end();
});

t.test('text for people', (t) => {
  t.equal(readable(Buffer.from('grüße ✓').toString('latin1'), 100), 'grüße ✓');
  t.equal(readable('a'.repeat(50), 10), 'aaaaaaaaa…');
  t.equal(readable('\u202e\u00a0\u2028\ufeff', 10), '\\u{202e}\\xa0\\u{2028}\\u{feff}');
  t.equal(readable('\xff\xfe', 10), '\ufffd\ufffd', 'what is no UTF-8');
  t.end();
});

t.test('what waits is bounded', (t) => {
  const { sink, lines, send } = found();
  for (let exchange = 0; exchange < waitingMax + 5; exchange += 1) send(message('request', exchange));
  t.equal(lines.length, 5);
  t.equal(sink.counters.waitingEvicted, 5);
  send(message('request', waitingMax));
  t.equal(lines.length, 6, 'a request of the same number');
  t.end();
});

t.test('an unanswered request is not answered by the next connection in its slot', (t) => {
  const { sink, lines, send } = found();
  send(message('request', 0, { connection: 1, uri: '/theirs' }));
  // Captured before its own request: it has that one's number.
  send(message('response', 0, { connection: 2, method: '' }));
  send(message('request', 0, { connection: 2, uri: '/ours' }));
  t.match(lines[0], /200 .*\/ours .*json, 12.3 ms/);
  sink.close();
  t.match(lines[1], /--- .*\/theirs {2}no response/);
  t.equal(lines.length, 2);
  t.end();
});

t.test('a response captured before its request', (t) => {
  const { sink, lines, send } = found();
  const early = (exchange: number, tsUs: number) => send(message('response', exchange, { method: '', tsUs }));
  early(0, 1e15 - 300);
  t.equal(lines.length, 0, 'waits');
  send(message('request', 0, { bodyBytes: 17 }));
  t.equal(lines[0], '01:46:40.000  200  GET  api.example/a  17 B → 2.3 kB, application/json, before its request\n');
  early(1, 1e15);
  send(message('request', 7, { tsUs: 1e15 + 61e6 }));
  t.match(
    lines[1],
    /200 {2}request not seen/,
    'whose request does not come is printed at the next message after its time',
  );
  for (let exchange = 10; exchange < 15 + waitingMax; exchange += 1) early(exchange, 1e15 + 61e6);
  t.equal(lines.length, 7, 'they are bounded');
  sink.begin(message('request', 20, { tsUs: 1e15 + 61e6 + 300 }));
  sink.close();
  t.match(lines[8], /200 .*\/a .*before its request/, 'a request that did not end has its response');
  t.equal(lines.length, 8 + waitingMax);
  t.match({ ...sink.counters }, { requestsAlone: 1, responsesAlone: 5 + waitingMax, waitingEvicted: 0 });
  t.end();
});
