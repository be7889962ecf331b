/** `floodgate edit`: a capture, edited and impaired, into a file: in constant memory, whatever its size. */
import { createWriteStream, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { PassThrough, Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import type { Command } from 'commander';
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { FloodgateError } from '../../agent/errors.ts';
import { PcapWriter } from '../../agent/pcap/pcap-writer.ts';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import { formatCount } from '../../reports/format.ts';
import { parseWhole } from '../metrics/quantity.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import type { Traffic } from '../traffic/traffic.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
import { addTrafficOptions, editOrderOf, impairOrderOf, type TrafficFlags } from './traffic-flags.ts';

interface Flags extends TrafficFlags {
  readonly impairOut?: string;
  readonly seed: string;
  readonly loop: string;
}

/** Between two writes. */
const framesPerRead = 256;

const examples = `
Examples:
  floodgate edit prod.pcapng.zst part.pcapng --from 10s --to 40s --filter "tcp port 8080"
  floodgate edit dump.pcap anonymous.pcap --map 10.0.0.0/8=172.16.0.0 --mac 02:11:22:33:44:55=02:00:00:00:00:01
  floodgate edit offload.pcap wire.pcap --mtu 1500 --fix-checksums
  floodgate edit a.pcap b.pcap.gz both.pcapng                     several on one clock
  floodgate edit prod.pcap worse.pcap --impair gemodel=1%/20%,reorder=2%/50 --impair-out worse.impair.jsonl
  tcpdump -w - -c 10000 | floodgate edit - - --limit 500 | floodgate-agent --read -`;

export function addEditCommand(command: Command): void {
  command
    .description(
      'Reads captures (pcap, pcapng, in gzip or zstd, of any link type; - is standard input), edits and impairs their frames, ' +
        'and writes them as Ethernet: pcapng, or pcap where the name says so, compressed where it says so.',
    )
    .argument('<files...>', 'captures to read, and the file to write: IN [IN…] OUT');
  addTrafficOptions(command);
  command
    .option('--impair-out <file>', 'where the applied schedule is written (.impair.jsonl)')
    .option('--seed <n>', 'of every random choice', '1')
    .option('--loop <n>', 'the traffic so many times over, each time between other addresses', '1')
    .addHelpText('after', examples)
    .action(async (files: readonly string[], flags: Flags) => {
      const output = files.at(-1)!;
      const traffic = await openTraffic(orderOf(files.slice(0, -1), output, flags));
      try {
        const written = await write(traffic, output);
        process.stderr.write(`${formatCount(written)} frames in ${output === '-' ? 'standard output' : output}\n`);
        for (const { kind, description, frames } of traffic.impairments) {
          process.stderr.write(`  ${kind}: ${description} (${formatCount(frames)} frames)\n`);
        }
      } finally {
        traffic.close();
      }
    });
}

function orderOf(inputs: readonly string[], output: string, flags: Flags): TrafficOrder {
  const [first, ...more] = [...inputs, ...(flags.merge ?? [])];
  if (first === undefined) {
    throw new FloodgateError('option-invalid', `there is nothing to read: ${output} is the file to write`, {
      hint: 'Write floodgate edit IN OUT.',
    });
  }
  for (const input of [first, ...more]) if (isSameFile(input, output)) throw sameFile(output);
  const seed = parseWhole(flags.seed, '--seed', { min: 0, max: 0xffff_ffff });
  const loops = parseWhole(flags.loop, '--loop', { min: 1, max: 1_000_000 });
  const impair = impairOrderOf(flags, seed);
  const { impairOut } = flags;
  if ([first, ...more].filter((input) => input === '-').length > (loops > 1 ? 0 : 1)) {
    throw new FloodgateError('option-invalid', 'standard input can be read once', {
      hint: 'Put it into a file first.',
    });
  }
  if (impairOut !== undefined && !impair) {
    throw new FloodgateError('option-invalid', '--impair-out: nothing is impaired', { hint: 'Add --impair loss=1%.' });
  }
  return {
    kind: 'recording',
    path: first,
    merge: more,
    loops,
    edit: editOrderOf(flags),
    impair: impair && { ...impair, ...(impairOut !== undefined && { scheduleFile: path.resolve(impairOut) }) },
  };
}

function isSameFile(input: string, output: string): boolean {
  if (input === '-' || output === '-') return false;
  try {
    const [one, other] = [statSync(input), statSync(output)];
    return one.ino === other.ino && one.dev === other.dev;
  } catch {
    return false;
  }
}

function sameFile(file: string): FloodgateError {
  return new FloodgateError('option-invalid', `${file} would be written while it is read`, {
    hint: 'Give the output another name.',
  });
}

/** @returns frames written. @throws FloodgateError `output-unwritable`; what was written until then is removed */
async function write(traffic: Traffic, output: string): Promise<number> {
  const counted = { frames: 0 };
  // Before the file is made: what cannot be read leaves no file.
  const chunks = chunksOf(traffic, output, counted);
  const first = await chunks.next();
  const all = async function* () {
    if (!first.done) yield first.value;
    yield* chunks;
  };
  const destination = output === '-' ? process.stdout : createWriteStream(output);
  try {
    await pipeline(Readable.from(all(), { objectMode: false }), packerOf(output), destination);
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    // Never a device that was written to.
    if (output !== '-' && statSync(output, { throwIfNoEntry: false })?.isFile()) rmSync(output, { force: true });
    // Who reads standard output may have had enough.
    if (output === '-' && code === 'EPIPE') return counted.frames;
    if (syscall === undefined || error instanceof FloodgateError) throw error;
    throw new FloodgateError('output-unwritable', `cannot write ${output}: ${code ?? message}`, {
      hint: 'Check the folder, its permissions and the space on the disk.',
      cause: error,
    });
  }
  return counted.frames;
}

function packerOf(output: string): Transform {
  if (/\.gz$/i.test(output)) return createGzip();
  return /\.zst$/i.test(output) ? createZstdCompress() : new PassThrough();
}

async function* chunksOf(traffic: Traffic, output: string, counted: { frames: number }): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  const out = (bytes: Uint8Array, start: number, end: number) => void pieces.push(Buffer.from(bytes.slice(start, end)));
  const writer = writerOf(output, out);
  const sink: FrameSink = {
    frame: (bytes, start, end, wireLength, tsUs) => {
      counted.frames += 1;
      writer.frame(bytes, start, end, wireLength, tsUs, 0);
    },
  };
  while (traffic.read(sink, framesPerRead) >= 0) {
    if (pieces.length === 0) continue;
    yield Buffer.concat(pieces);
    pieces = [];
  }
  writer.flush();
  yield Buffer.concat(pieces);
}

function writerOf(output: string, out: (bytes: Uint8Array, start: number, end: number) => void) {
  if (/\.p?cap(\.gz|\.zst)?$/i.test(output)) return new PcapWriter(out);
  const writer = new PcapngWriter(out, { comment: 'floodgate edit' });
  writer.addInterface({ name: 'floodgate0', linkType: 1, snapLength: 0 });
  return writer;
}
