/** Traffic into a capture file: pcapng, or pcap where the name says so, packed where it says so. What was written is removed where it fails. */
import { createWriteStream, rmSync, statSync } from 'node:fs';
import { PassThrough, Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { FloodgateError } from '../../agent/errors.ts';
import { PcapWriter } from '../../agent/pcap/pcap-writer.ts';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import type { Traffic } from '../traffic/traffic.ts';

/** Between two writes. */
const framesPerRead = 256;

/** Standard streams are never the same. */
export function isSameFile(input: string, output: string): boolean {
  if (input === '-' || output === '-') return false;
  try {
    const [one, other] = [statSync(input), statSync(output)];
    return one.ino === other.ino && one.dev === other.dev;
  } catch {
    return false;
  }
}

export function sameFile(file: string): FloodgateError {
  return new FloodgateError('option-invalid', `${file} would be written while it is read`, {
    hint: 'Give the output another name.',
  });
}

/** @returns frames written. @throws FloodgateError `output-unwritable`; what was written until then is removed */
export async function writeCapture(traffic: Traffic, output: string, comment: string): Promise<number> {
  const counted = { frames: 0 };
  // Before the file is made: what cannot be read leaves no file.
  const chunks = chunksOf(traffic, output, comment, counted);
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

async function* chunksOf(
  traffic: Traffic,
  output: string,
  comment: string,
  counted: { frames: number },
): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  const out = (bytes: Uint8Array, start: number, end: number) => void pieces.push(Buffer.from(bytes.slice(start, end)));
  const writer = writerOf(output, comment, out);
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

function writerOf(output: string, comment: string, out: (bytes: Uint8Array, start: number, end: number) => void) {
  if (/\.p?cap(\.gz|\.zst)?$/i.test(output)) return new PcapWriter(out);
  const writer = new PcapngWriter(out, { comment });
  writer.addInterface({ name: 'floodgate0', linkType: 1, snapLength: 0 });
  return writer;
}
