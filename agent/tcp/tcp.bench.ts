/**
 * The TCP layer alone over a capture file: `node agent/tcp/tcp.bench.ts FILE [REPEATS]`. Prints, for each repeat in a
 * fresh layer, CPU seconds and megabytes per CPU second, and at the end the process's peak RSS.
 */
import { statSync } from 'node:fs';
import { FileSource } from '../capture/file-source.ts';
import { placePages } from '../capture/sys/page-memory.ts';
import { defaultTcpLimits } from './limits.ts';
import type { StreamHandler } from './stream-handler.ts';
import { TcpLayer } from './tcp.ts';

const [path, repeats = '1'] = process.argv.slice(2);
if (path === undefined) {
  process.stderr.write('usage: node agent/tcp/tcp.bench.ts FILE [REPEATS]\n');
  process.exit(2);
}

/** Adds up what it is given. */
class Discard implements StreamHandler {
  bytes = 0;
  gaps = 0;
  open(): void {}
  data(_stream: number, _side: number, _bytes: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
  }
  gap(): void {
    this.gaps += 1;
  }
  end(): void {}
  close(): void {}
}

const fileBytes = statSync(path).size;
for (let repeat = 0; repeat < Number(repeats); repeat += 1) {
  const source = FileSource.open(path);
  const handler = new Discard();
  const layer = new TcpLayer({
    limits: defaultTcpLimits,
    placePages,
    handler,
    source,
    hashSeed: [1, 2],
  });
  const before = process.cpuUsage();
  while (source.read(layer, 10_000) >= 0);
  layer.finish();
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  const changed = Object.entries(layer.snapshot()).filter(([, value]) => value !== 0);
  process.stdout.write(
    `${JSON.stringify({ cpuSeconds: seconds, megabytesPerCpuSecond: Math.round(fileBytes / 1e6 / seconds), bytes: handler.bytes, gaps: handler.gaps, ...(repeat === 0 ? Object.fromEntries(changed) : {}) })}\n`,
  );
  source.close();
}
process.stdout.write(`peak RSS ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB\n`);
