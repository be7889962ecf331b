import t from 'tap';
import type { SpikeStream } from '../../reports/model.ts';
import { provokingStreams } from './provoking-streams.ts';

const stream = (bytes: number, bytesBehindGap = 0): SpikeStream => ({
  ...{ source: '10.0.0.1:80', destination: '10.0.0.2:4000', frames: 1, bytes, bytesBehindGap, gapFrame: null },
  ...{ messages: 0, largestMessage: '', largestMessageBytes: 0 },
});
const mb = 1_000_000;

t.test('a gigabyte of forty streams: one of them is a spike by itself', async (t) => {
  const streams = Array.from({ length: 40 }, () => stream(22 * mb, 22 * mb));
  t.equal(provokingStreams({ streams, heightBytes: 1_080 * mb, baselineBytes: 80 * mb }).length, 1);
  t.equal(
    provokingStreams({ streams, heightBytes: 1_080 * mb, baselineBytes: 500 * mb }).length,
    4,
    'from a higher level it takes more',
  );
});

t.test('a low spike takes all of its streams', async (t) => {
  const streams = [stream(5 * mb), stream(4 * mb), stream(mb)];
  t.same(provokingStreams({ streams, heightBytes: 12 * mb, baselineBytes: 40 * mb }), streams);
  t.same(provokingStreams({ streams: [], heightBytes: 12 * mb, baselineBytes: 40 * mb }), []);
});

t.test('where most of what came waits, what waits counts', async (t) => {
  const streams = [stream(30 * mb, 30 * mb), stream(200 * mb, 190 * mb), stream(10 * mb, 10 * mb)];
  t.equal(provokingStreams({ streams, heightBytes: 100 * mb, baselineBytes: 40 * mb }).length, 2);
});
