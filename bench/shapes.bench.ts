/**
 * What the agent takes for traffic of one shape after another, to witnesses; needs GNU time, and nothing else:
 *
 *     node bench/shapes.bench.ts connections   100 to 60,000 connections, open at once, on the same bytes
 *     node bench/shapes.bench.ts bodies        bodies of 1 byte to 10 MB
 *     node bench/shapes.bench.ts exchanges     ten million exchanges through all stages, spooled and uploaded to a server that takes
 *                                              everything: how much memory each leaves behind (some ten minutes on two cores)
 *
 * `--exchanges N` makes each shorter or longer.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Shape, shapeFigures, slopeOf } from './shapes-fixture.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { exchanges: { type: 'string' } },
});
const asked = values.exchanges === undefined ? null : Number(values.exchanges);
const print = (line: string) => process.stdout.write(`${line}\n`);

async function row(name: string, shape: Shape): Promise<void> {
  const { cpuSeconds, peakBytes, wireBytes, counters } = await shapeFigures(shape);
  const whole = `${counters['witness.bodiesWhole']} of ${shape.exchanges}`;
  const perByte = ((cpuSeconds * 1e9) / wireBytes).toFixed(1);
  print(`| ${name} | ${(wireBytes / 1e6).toFixed(0)} | ${perByte} | ${(peakBytes / 1e6).toFixed(0)} | ${whole} |`);
}

async function connections(): Promise<void> {
  print('| connections | wire MB | CPU ns a byte | peak MB | bodies whole |\n|---|---|---|---|---|');
  for (const count of [100, 2000, 20_000, 60_000]) {
    await row(count.toLocaleString('en'), { connections: count, exchanges: asked ?? 120_000, bodyBytes: 1500 });
  }
}

async function bodies(): Promise<void> {
  print('| body bytes | wire MB | CPU ns a byte | peak MB | bodies whole |\n|---|---|---|---|---|');
  const sizes = [1, 100, 1000, 10_000, 32_768, 100_000, 300_000, 600_000, 700_000, 1_000_000, 3_000_000, 10_000_000];
  for (const bodyBytes of sizes) {
    const exchanges = asked ?? Math.max(10, Math.min(60_000, Math.ceil(100e6 / bodyBytes)));
    await row(bodyBytes.toLocaleString('en'), { connections: 20, exchanges, bodyBytes });
  }
}

/** Readings before this share of the exchanges are warm-up. */
const warmUpShare = 0.2;
const readings = 1000;

async function exchanges(): Promise<void> {
  const count = asked ?? 10_000_000;
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-shapes-spool-'));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const shape = { connections: 50, exchanges: count, bodyBytes: 200, varied: true, readings };
    const { resident, peakBytes, cpuSeconds, counters } = await shapeFigures(shape, [
      '--upload',
      url,
      '--spool',
      folder,
    ]);
    const { slope, upper } = slopeOf(resident.slice(Math.floor(resident.length * warmUpShare)));
    print(
      `${counters['witness.exchangesWhole']} of ${count} exchanges whole, ${counters['upload.witnessesSent']} witnesses uploaded, ` +
        `${cpuSeconds.toFixed(0)} CPU s, peak ${(peakBytes / 1e6).toFixed(1)} MB; resident memory after warm-up: ` +
        `${slope.toFixed(3)} bytes an exchange, at most ${upper.toFixed(3)} (99 %)`,
    );
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

const programs: Record<string, () => Promise<void>> = { connections, bodies, exchanges };
const program = programs[positionals[0] ?? ''];
if (program === undefined) {
  process.stderr.write('name what is to be measured: connections, bodies or exchanges\n');
  process.exitCode = 2;
} else await program();
