import fc from 'fast-check';
import t from 'tap';
import { stackImpairments } from '../impairments/stages.ts';
import { openSteady } from '../synthesis/steady.ts';
import { requestRanges, responseRanges } from './http-ranges.ts';
import { IntervalSet } from './interval-set.ts';
import { MessageTruth } from './message-truth.ts';

t.test('intervals agree with a list of bytes', async () => {
  const range = fc.tuple(fc.nat(60), fc.nat(12)).map(([start, length]) => [start, start + length] as const);
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), range, (added, [start, end]) => {
      const set = new IntervalSet();
      const bytes = new Set<number>();
      for (const [from, to] of added) {
        set.add(from, to);
        for (let at = from; at < to; at++) bytes.add(at);
      }
      let covered = true;
      for (let at = start; at < end; at++) covered &&= bytes.has(at);
      return set.covers(start, end) === covered;
    }),
    { seed: 4, numRuns: 2_000 },
  );
});

t.test('requests and responses of whole streams', async (t) => {
  const requests =
    'GET /a HTTP/1.1\r\nHost: x\r\n\r\nHEAD /b HTTP/1.1\r\n\r\nPOST /c HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc' +
    'PUT /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nTrailer: x\r\n\r\nGET /cut HTTP/1.1\r\nHo';
  const { ranges, methods } = requestRanges(Buffer.from(requests));
  t.same(methods, ['GET', 'HEAD', 'POST', 'PUT']);
  t.same(
    ranges.map(({ start }) => requests.slice(start, start + 4).trim()),
    ['GET', 'HEAD', 'POST', 'PUT'],
  );
  t.equal(ranges.at(-1)!.end, requests.indexOf('GET /cut'));
  const responses =
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n' +
    'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the end';
  const found = responseRanges(Buffer.from(responses), methods, true);
  t.equal(found.length, 4, 'an interim response is no answer, one to HEAD has no body');
  t.equal(found.at(-1)!.end, responses.length);
  t.equal(responseRanges(Buffer.from(responses), methods, false).length, 3, 'without the end it is not whole');
  t.equal(responseRanges(Buffer.from('no http'), [], true).length, 0);
});

const size = { seed: 21, sizeBytes: 3_000_000 };

/** What survives of generated traffic, as the reference sees it. */
function survivors(impairments: Parameters<typeof stackImpairments>[0], seed: number) {
  const truth = new MessageTruth();
  while (openAll.read(truth.recorded, 256) >= 0);
  truth.findMessages();
  openAll = openSteady(size);
  const stack = stackImpairments(impairments, seed, truth.delivered);
  while (openAll.read(stack.input, 256) >= 0);
  stack.flush();
  openAll = openSteady(size);
  return truth.truth();
}
let openAll = openSteady(size);

t.test('the reference counts what the generator made', async (t) => {
  const traffic = openSteady(size);
  while (traffic.read({ frame() {} }, 256) >= 0);
  t.same(survivors([], 1), traffic.truth());
});

t.test('what loses no byte loses no message', async (t) => {
  const whole = survivors([], 1);
  const harmless = survivors(
    [
      { kind: 'reorder', fraction: 0.2, placesMax: 50 },
      { kind: 'duplicate', fraction: 0.2 },
      { kind: 'jitter', jitterUs: 10_000 },
    ],
    7,
  );
  t.same(harmless, whole);
});

t.test('what loses bytes loses messages: lost, cut and damaged alike', async (t) => {
  const whole = survivors([], 1);
  for (const impairment of [
    { kind: 'loss', fraction: 0.02 },
    { kind: 'truncate', fraction: 0.02, bytesMax: 80 },
    { kind: 'corrupt', fraction: 0.02 },
  ] as const) {
    const some = survivors([impairment], 7);
    t.equal(some.responses, whole.responses);
    t.ok(some.responsesIntact < whole.responses && some.responsesIntact > whole.responses / 2, impairment.kind);
    t.ok(some.requestsIntact < whole.requests && some.requestsIntact > whole.requests / 2, impairment.kind);
  }
  const nothing = survivors([{ kind: 'loss', fraction: 1 }], 7);
  t.match(nothing, { requestsIntact: 0, responsesIntact: 0, requests: whole.requests });
});
