/** Captures scrubbed for tests: in, out, and what the agent finds in either. */
import { closeSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import { Recording } from '../traffic/recording.ts';
import { scrubTraffic } from './scrub.ts';
import type { ScrubCounts } from './scrub-counts.ts';

const testKey = Buffer.from('sixteen bytes ok');

/** @returns the scrubbed file, and what was counted */
export async function scrubbed(
  file: string,
  key: Uint8Array = testKey,
): Promise<{ file: string; counts: ScrubCounts }> {
  const output = path.join(path.dirname(file), `scrubbed-${path.basename(file).replace(/\.gz$/, '')}`);
  return { file: output, counts: await scrubInto(file, output, key) };
}

export async function scrubInto(file: string, output: string, key: Uint8Array = testKey): Promise<ScrubCounts> {
  const traffic = await scrubTraffic({
    open: () => openTraffic({ kind: 'recording', path: file }),
    key,
    beside: output,
  });
  const fd = openSync(output, 'w', 0o600);
  try {
    const writer = new PcapngWriter((bytes, start, end) => {
      writeSync(fd, bytes, start, end - start);
    });
    writer.addInterface({ name: 'test0', linkType: 1, snapLength: 0 });
    const sink = {
      frame: (bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number) =>
        writer.frame(bytes, start, end, wireLength, tsUs, 0),
    };
    while (traffic.read(sink, 1_000) >= 0);
    writer.flush();
    return traffic.counts;
  } finally {
    traffic.close();
    closeSync(fd);
  }
}

/** All frames, copied. */
export function framesOf(file: string): Buffer[] {
  const frames: Buffer[] = [];
  const recording = new Recording(file);
  const sink = {
    frame: (bytes: Uint8Array, start: number, end: number) => void frames.push(Buffer.from(bytes.subarray(start, end))),
  };
  while (recording.read(sink, 1_000) >= 0);
  recording.close();
  return frames;
}
