/** Traffic into a capture file: pcapng, or pcap where the name says so, packed where it says so. A file that was there stays until the new one is whole. */
import { closeSync, constants, createWriteStream, openSync, statSync } from 'node:fs';
import { PassThrough, Readable, type Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { FloodgateError } from '../../agent/errors.ts';
import { PcapWriter } from '../../agent/pcap/pcap-writer.ts';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import type { InputState } from '../traffic/recording.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { DraftFile, unwritable } from './draft-file.ts';

/** Between two writes. */
const framesPerRead = 256;
/** Reads that leave nothing to write, before signals have their turn. */
const readsPerTurn = 64;
/** Until an empty pipe is looked at again. */
const idleMs = 10;

/** @param signal ends the writing @param input where the traffic was opened with it @returns frames written; undefined: it was ended @throws FloodgateError `output-unwritable`; OUT stays as it was */
export async function writeCapture(
  traffic: Traffic,
  output: string,
  comment: string,
  signal?: AbortSignal,
  input?: InputState,
): Promise<number | undefined> {
  const counted = { frames: 0 };
  // Before the file is made: what cannot be read leaves no file.
  const chunks = chunksOf(traffic, output, comment, counted, signal, input);
  const first = await chunks.next();
  if (signal?.aborted) return undefined;
  const all = async function* () {
    if (!first.done) yield first.value;
    yield* chunks;
  };
  const draft = output === '-' ? undefined : new DraftFile(output);
  try {
    const reader = draft && (await readerOf(draft.path, signal));
    const destination = draft ? createWriteStream(draft.path) : standardOutput();
    if (reader !== undefined) destination.once('open', () => closeSync(reader));
    await pipeline(Readable.from(all(), { objectMode: false }), packerOf(output), destination, { signal });
    draft?.keep();
  } catch (error) {
    draft?.discard();
    if (signal?.aborted) return undefined;
    const { code, syscall } = error as NodeJS.ErrnoException;
    // Who reads standard output may have had enough.
    if (output === '-' && code === 'EPIPE') return counted.frames;
    if (syscall === undefined || error instanceof FloodgateError) throw error;
    throw unwritable(output === '-' ? 'standard output' : output, error);
  }
  return counted.frames;
}

/** Waits for who reads a pipe by name, so that opening it waits for nothing. @returns its other end, to be closed; undefined for what is no pipe */
async function readerOf(file: string, signal: AbortSignal | undefined): Promise<number | undefined> {
  if (!statSync(file, { throwIfNoEntry: false })?.isFIFO()) return undefined;
  for (;;) {
    try {
      return openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
      await sleep(idleMs, undefined, { signal });
    }
  }
}

/** Not `process.stdout` itself: an error of the reading would be one of that stream, too. */
function standardOutput(): Writable {
  return new Writable({ write: (chunk: Buffer, _encoding, done) => void process.stdout.write(chunk, done) });
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
  signal: AbortSignal | undefined,
  input: InputState | undefined,
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
  for (let reads = 1; traffic.read(sink, framesPerRead) >= 0; reads += 1) {
    if (input?.isIdle) {
      // Whoever reads the output gets what there is.
      writer.flush();
      await sleep(idleMs);
    } else if (reads % readsPerTurn === 0) await turn();
    if (signal?.aborted) return;
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
