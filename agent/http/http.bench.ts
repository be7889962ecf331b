/**
 * The HTTP layer over a capture file: `node agent/http/http.bench.ts FILE [REPEATS]`. Each repeat reads the file through TCP
 * and HTTP with a client that discards; prints CPU seconds and megabytes per CPU second, and the median.
 */
import { statSync } from 'node:fs';
import { FileSource } from '../capture/file-source.ts';
import { placePages } from '../capture/sys/page-memory.ts';
import { defaultTcpLimits } from '../tcp/limits.ts';
import { TcpLayer } from '../tcp/tcp.ts';
import { createHttpCounters } from './http-counters.ts';
import { HttpLayer } from './http-layer.ts';
import { defaultHttpLimits } from './http-limits.ts';
import type { HttpMessage, MessageHandler } from './message-handler.ts';

const [path, repeats = '5'] = process.argv.slice(2);
if (path === undefined) {
  process.stderr.write('usage: node agent/http/http.bench.ts FILE [REPEATS]\n');
  process.exit(2);
}

/** Looks at every header field count, as the peer builds every header. */
class Discard implements MessageHandler {
  fields = 0;
  bodyBytes = 0;
  begin(message: HttpMessage): void {
    this.fields += message.headers.count;
  }
  body(_message: HttpMessage, _bytes: Uint8Array, start: number, end: number): void {
    this.bodyBytes += end - start;
  }
  bodyGap(): void {}
  end(): void {}
}

const megabytes = statSync(path).size / 1e6;
const rates: number[] = [];
for (let repeat = 0; repeat < Number(repeats); repeat++) {
  const source = FileSource.open(path);
  const counters = createHttpCounters();
  const handler = new HttpLayer({ limits: defaultHttpLimits, handler: new Discard(), counters });
  const layer = new TcpLayer({ limits: defaultTcpLimits, placePages, handler, source, hashSeed: [1, 2] });
  handler.readInPlace(layer.memory, layer.records!.bytes);
  const before = process.cpuUsage();
  while (source.read(layer, 10_000) >= 0);
  layer.finish();
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  rates.push(megabytes / seconds);
  const { requestsComplete, responsesComplete } = counters;
  const line = { cpuSeconds: seconds, megabytesPerCpuSecond: Math.round(megabytes / seconds) };
  process.stdout.write(`${JSON.stringify({ ...line, requestsComplete, responsesComplete })}\n`);
  source.close();
}
rates.sort((a, b) => a - b);
const median = Math.round(rates[rates.length >> 1]!);
const peak = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(`median ${median} MB per CPU second, peak RSS ${peak} MiB\n`);
