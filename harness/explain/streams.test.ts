import t from 'tap';
import { FlowTable } from '../traffic/flows.ts';
import { openFragments } from '../traffic/synthesis/fragments.ts';
import { openIncident } from '../traffic/synthesis/incident.ts';
import { findSpikeStreams } from './streams.ts';

const sizeBytes = 12_000_000;

t.test('the incident: a response of each connection waits behind the segment that was never captured', (t) => {
  const traffic = openIncident({ seed: 1, sizeBytes });
  const [streams] = findSpikeStreams(traffic, [{ first: 2_000, last: 10_000 }]);
  t.ok(streams!.length > 20, `${streams!.length} streams`);
  const [worst] = streams!;
  t.match(worst, { source: /^10\.2\.0\.\d+:80$/, destination: /^10\.1\.\d+\.\d+:\d+$/ });
  t.ok(worst!.bytesBehindGap >= worst!.bytes * 0.95, 'everything it brought came behind the gap');
  t.ok(worst!.gapFrame! > 0 && worst!.gapFrame! < 10_000);
  t.ok(
    streams!.every((stream, i) => i === 0 || stream.bytesBehindGap <= streams![i - 1]!.bytesBehindGap),
    'the worst first',
  );
  t.end();
});

t.test('the streams add up to the frames', (t) => {
  const span = { first: 101, last: 6_000 };
  const sink = { bytes: new Map<string, number>(), frames: 0 };
  const table = new FlowTable(1);
  const traffic = openIncident({ seed: 2, sizeBytes });
  const count = {
    frame(bytes: Uint8Array, start: number, end: number, wireLength: number) {
      sink.frames += 1;
      if (sink.frames < span.first || sink.frames > span.last) return;
      const { source, destination } = table.flows[table.flowOf(bytes, start, end, wireLength)]!;
      const length = table.packet.payloadEnd - table.packet.payloadStart;
      sink.bytes.set(`${source} ${destination}`, (sink.bytes.get(`${source} ${destination}`) ?? 0) + length);
    },
  };
  while (sink.frames < span.last && traffic.read(count, 512) >= 0);
  const [streams] = findSpikeStreams(openIncident({ seed: 2, sizeBytes }), [span]);
  for (const { source, destination, bytes } of streams!) t.equal(bytes, sink.bytes.get(`${source} ${destination}`));
  const all = [...sink.bytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const sum = streams!.reduce((bytes, stream) => bytes + stream.bytes, 0);
  t.ok(sum >= 0.95 * all, `${sum} of ${all}`);
  t.end();
});

t.test('messages by their start lines, without the query, the largest with its request', (t) => {
  const [streams] = findSpikeStreams(openIncident({ seed: 1, sizeBytes }), [{ first: 1, last: 12_000 }]);
  const requests = findSpikeStreams(openIncident({ seed: 1, sizeBytes }), [{ first: 1, last: 4 }])[0]!;
  t.ok(requests.some((stream) => /^GET \/exports\/\d+$/.test(stream.largestMessage)));
  const answered = streams!.filter((stream) => stream.largestMessage.startsWith('HTTP/1.1 200 OK, to GET /exports/'));
  t.ok(answered.length > 0);
  t.ok(answered.every((stream) => stream.messages > 0 && stream.largestMessageBytes > 1_000));
  t.end();
});

t.test('fragments are charged to their hosts; a span behind the end of the traffic is empty', (t) => {
  const [streams, none] = findSpikeStreams(openFragments({ seed: 1, sizeBytes: 2_000_000 }), [
    { first: 1, last: 500 },
    { first: 1_000_000, last: 1_000_001 },
  ]);
  t.match(streams![0], { source: /^10\.1\.0\.\d+ \(fragments\)$/, destination: '10.2.0.1 (fragments)', messages: 0 });
  t.same(none, []);
  t.end();
});
