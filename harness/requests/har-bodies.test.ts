import t from 'tap';
import { AnswerComparison } from './answer-comparison.ts';
import { comparedAs, type HarAnswer, type HarRequestBody, sentBody } from './har-bodies.ts';
import { EventFlag } from './request-event.ts';

const named = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers).map(([name, value]) => ({ name, value }));

t.test('a body that the entry announces and does not hold was not kept', async (t) => {
  const kept = (headers: Record<string, string>, bodySize: number, postData?: HarRequestBody['postData']) =>
    sentBody({ headers: named(headers), bodySize, postData })?.toString() ?? null;
  const length = (value: string) => ({ 'Content-Length': value });
  const chunked = { 'transfer-encoding': 'Chunked' };
  // A form with a file, or a blob, as Chromium writes it.
  t.equal(kept(length('283'), 0), null);
  t.equal(kept(length('283'), -1), null);
  t.equal(kept(length('283'), 0, { text: '' }), null);
  t.equal(kept({}, 6), null);
  t.equal(kept(chunked, 0), null);
  t.equal(kept(chunked, -1, { text: '', params: [] }), null);
  t.equal(kept(length('99'), 2, { text: 'é' }), null, 'another length');
  t.equal(kept(length('2, 3'), 2, { text: 'é' }), null);
  t.equal(kept(length('many'), 2, { text: 'é' }), null);
  t.equal(kept(length('2'), 7, { text: 'é' }), null);
  t.equal(kept({}, 9, { text: 'cut' }), null);
  t.equal(kept({ ...length('3'), 'content-encoding': 'gzip' }, 3, { text: 'abc' }), null);
  t.equal(kept(length('2'), 0, { text: 'é' }), 'é', 'the header is what was sent');
  t.equal(kept(chunked, -1, { text: 'é' }), 'é');
  t.equal(kept(length('0'), 0), '');
  t.equal(kept({}, 0), '');
  t.equal(kept({}, -1), '');
});

const recorded = (
  headers: Record<string, string>,
  bodySize: number,
  content: HarAnswer['content'],
  { method = 'GET', status = 200, httpVersion = 'HTTP/1.1', asked = {}, isExact = false } = {},
) => comparedAs(method, named(asked), { headers: named(headers), bodySize, content, status, httpVersion }, isExact);

t.test('how long an answer was: the entry’s fields agree, or its status alone is compared', async (t) => {
  const lengthOf = (...args: Parameters<typeof recorded>) => {
    const { flags, answerBytes } = recorded(...args);
    t.equal(flags & EventFlag.answered, EventFlag.answered);
    return (flags & EventFlag.measured) === 0 ? null : answerBytes;
  };
  const length = (value: number) => ({ 'content-length': String(value) });
  const chunked = { 'transfer-encoding': 'chunked' };
  t.equal(lengthOf(length(3000), 2822, { size: 3000 }), 3000, 'Chromium counts less than came');
  t.equal(lengthOf(chunked, 12, { size: 2 }), 2, 'Chromium counts chunk sizes');
  t.equal(lengthOf({ ...length(138), 'Content-Encoding': 'gzip' }, 138, { size: 168 }), 138);
  t.equal(lengthOf({ ...length(138), 'content-encoding': 'gzip' }, -1, { size: 168 }), 138);
  t.equal(lengthOf({ ...length(138), 'content-encoding': 'gzip' }, 100, { size: 168 }), null);
  t.equal(lengthOf({ ...chunked, 'content-encoding': 'gzip' }, 150, { size: 168 }), null);
  t.equal(lengthOf({ ...chunked, 'content-encoding': 'gzip' }, 138, { size: 168 }, { isExact: true }), 138);
  t.equal(lengthOf({ 'content-encoding': 'br' }, 47, { size: 168 }, { httpVersion: 'h2' }), null);
  t.equal(lengthOf({}, 47, { size: 38 }, { httpVersion: 'HTTP/2.0' }), 38);
  t.equal(lengthOf(length(3000), -1, { size: 1000 }), null);
  t.equal(lengthOf(length(3000), -1, { size: -1 }), 3000);
  t.equal(lengthOf({}, -1, { size: -1, text: 'AAH/', encoding: 'base64' }), 3);
  t.equal(lengthOf({}, 100, { size: 50 }), null);
  t.equal(lengthOf({}, 0, { size: 7 }), 7);
  t.equal(lengthOf(chunked, 0, { size: -1 }), null);
  t.equal(lengthOf(length(3000), -1, { size: -1 }, { method: 'HEAD' }), 0);
  t.equal(lengthOf(length(3000), -1, { size: 3000 }, { status: 304 }), 0);
  t.same(recorded({}, 0, { size: 0 }, { status: 0 }), { flags: 0, answerBytes: 0 });
});

t.test('a copy that a browser asked to be confirmed: 304 and 200 are no difference, an error is one', async (t) => {
  const asked = { 'If-None-Match': '"1"' };
  const { flags } = recorded({}, 0, { size: 7 }, { asked });
  t.equal(flags, EventFlag.answered | EventFlag.revalidated);
  const comparison = new AnswerComparison();
  const request = { number: 1, flags, status: 200, answerBytes: 0, startLine: () => 'GET / HTTP/1.1' };
  comparison.answer(request, 304, 0, true);
  comparison.answer(request, 200, 7, true);
  comparison.answer(request, 404, 0, true);
  t.match(comparison, {
    answered: 3,
    revalidated: 2,
    differentStatus: 1,
    differentLength: 0,
    errors: 1,
    statusOnly: 0,
  });
  t.equal(
    recorded({ etag: '"2"' }, 9, { size: 9 }, { asked }).flags & EventFlag.revalidated,
    0,
    'it came over the wire',
  );
  t.equal(recorded({ 'content-length': '0' }, 0, { size: 0 }, { asked }).flags & EventFlag.revalidated, 0);
});
