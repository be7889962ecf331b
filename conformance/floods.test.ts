/** Floods read by the agent: each message that the generator says is delivered whole is found, with the body that it says. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import t from 'tap';
import { PcapWriter } from '../agent/pcap/pcap-writer.ts';
import { traffic } from '../harness/traffic/flood/builders.ts';
import { openFlood } from '../harness/traffic/flood/flood-traffic.ts';
import type { FloodPlan } from '../harness/traffic/flood/plan-types.ts';
import { readCapture } from './capture.ts';

const { flood, http, exchange, json, text, binary, form, multipart } = traffic;
const brief = { arrivals: traffic.poisson(60), duration: '1s' } as const;
const decoders = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync, zstd: zstdDecompressSync };

const floods: Readonly<Record<string, FloodPlan>> = {
  'bodies, codings and framings': flood(
    http({
      ...brief,
      keepAlive: '1..4',
      exchanges: [
        exchange({ response: json('200B..40kB', { coding: ['gzip'], framing: 'chunked' }) }),
        exchange({ request: form(600, { coding: ['deflate'] }), response: text('1kB..9kB', { coding: ['br'] }) }),
        exchange({
          request: multipart('2kB..60kB', { framing: 'chunked' }),
          response: binary(900, { coding: ['zstd', 'gzip'] }),
        }),
        exchange({ response: json(9_000, { shape: 'deep' }) }),
        exchange({ response: text(5_000, { framing: 'close' }) }),
        traffic.upload(binary('10kB..90kB')),
      ],
    }),
  ),
  'pipelining, without bodies, never answered': flood(
    http({
      ...brief,
      keepAlive: 12,
      pipelining: 6,
      exchanges: [
        traffic.weighted(8, exchange({ response: json('200B..3kB') })),
        exchange({ method: 'HEAD', response: json(4_000) }),
        exchange({ status: 304 }),
        traffic.unanswered(),
      ],
    }),
  ),
  'a hole in each stream, and copies': flood(
    http({
      ...brief,
      keepAlive: 3,
      duplicates: 4,
      fault: traffic.lostSegment(2),
      exchanges: [exchange({ response: json('200B..20kB') })],
    }),
  ),
  'closed with segments waiting': flood(
    http({
      ...brief,
      keepAlive: 2,
      end: 'reset',
      fault: traffic.queuedAtClose(),
      exchanges: [exchange({ response: binary('6kB..30kB') })],
    }),
  ),
  'a byte far ahead': flood(
    http({
      ...brief,
      keepAlive: 3,
      fault: traffic.farAhead('100kB..2MB'),
      exchanges: [exchange({ response: json('200B..20kB') })],
    }),
  ),
  'four bytes at a time': flood(
    traffic.slowDrip({ ...brief, exchanges: [exchange({ request: json(200), response: json(300) })] }),
  ),
};

/** `request GET /items/1 HTTP/1.1 SHA-256`, sorted. */
type Lines = readonly string[];

function madeAndRead(plan: FloodPlan, file: string): { made: Lines; read: Lines } {
  const made: string[] = [];
  const source = openFlood(plan, { seed: 5, sizeBytes: undefined }, ({ kind, startLine, bodySha256, isIntact }) => {
    if (isIntact) made.push(`${kind} ${startLine} ${bodySha256}`);
  });
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((bytes, start, end) => pieces.push(bytes.slice(start, end)), { linkType: 1 });
  while (source.read(writer, 1_000) >= 0);
  writer.flush();
  writeFileSync(file, Buffer.concat(pieces));
  const { messages } = readCapture(file);
  const read = messages
    .filter(({ complete, status }) => complete && (status === 0 || status >= 200))
    .map(({ kind, method, uri, status, reason, contentEncoding, body }) => {
      const codings = contentEncoding === '' ? [] : (contentEncoding.split(', ') as (keyof typeof decoders)[]);
      const plain =
        body.length === 0 ? body : codings.reduceRight<Uint8Array>((bytes, name) => decoders[name](bytes), body);
      const sha256 = plain.length === 0 ? '' : createHash('sha256').update(plain).digest('hex');
      const line = kind === 'request' ? `${method} ${uri} HTTP/1.1` : `HTTP/1.1 ${status} ${reason}`;
      return `${kind} ${line} ${sha256}`;
    });
  return { made: made.sort(), read: read.sort() };
}

for (const [name, plan] of Object.entries(floods)) {
  t.test(name, async (t) => {
    const { made, read } = madeAndRead(plan, path.join(t.testdir(), 'flood.pcap'));
    t.ok(made.length > 60, `${made.length} messages`);
    t.same(read, made);
  });
}
