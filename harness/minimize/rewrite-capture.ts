/** A capture written anew, through whatever is between: one pass, in constant memory. */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { PcapWriter } from '../../agent/pcap/pcap-writer.ts';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import { openRecording } from '../traffic/recorded-traffic.ts';
import type { Traffic } from '../traffic/traffic.ts';

const framesPerRead = 512;

export interface CaptureSize {
  readonly frames: number;
  /** Of the file. */
  readonly bytes: number;
}

/** What stands before the writer: filters, changes. */
export type Between = (out: FrameSink) => FrameSink;

/** Reads a whole capture file into a sink. */
export function readCapture(file: string, sink: FrameSink): void {
  const traffic = openRecording({ path: file });
  try {
    readAll(traffic, sink);
  } finally {
    traffic.close();
  }
}

/** Writes another capture file anew, as `writeCapture` does. */
export function rewriteCapture(source: string, file: string, between?: Between): CaptureSize {
  const traffic = openRecording({ path: source });
  try {
    return writeCapture(file, traffic, between);
  } finally {
    traffic.close();
  }
}

function readAll(traffic: Pick<Traffic, 'read'>, sink: FrameSink): void {
  while (traffic.read(sink, framesPerRead) >= 0);
}

/** Writes Ethernet frames as pcap, or as pcapng where the name says so. The file appears under its name when it is whole. */
export function writeCapture(
  file: string,
  traffic: Pick<Traffic, 'read'>,
  between: Between = (out) => out,
): CaptureSize {
  const draft = `${file}.part`;
  const fd = openSync(draft, 'w', 0o600);
  let bytes = 0;
  let frames = 0;
  const out = (chunk: Uint8Array, start: number, end: number) => {
    for (let at = start; at < end; ) at += writeSync(fd, chunk, at, end - at);
    bytes += end - start;
  };
  try {
    const writer = file.endsWith('.pcapng') ? new PcapngWriter(out) : new PcapWriter(out);
    if (writer instanceof PcapngWriter) writer.addInterface({ name: 'floodgate0', linkType: 1, snapLength: 0 });
    const counted: FrameSink = {
      frame(frame, start, end, wireLength, tsUs) {
        frames += 1;
        writer.frame(frame, start, end, wireLength, tsUs, 0);
      },
    };
    readAll(traffic, between(counted));
    writer.flush();
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(draft, file);
  return { frames, bytes };
}

/** The first frame, and no other. */
export function writeOneFrame(source: string, file: string): CaptureSize {
  const traffic = openRecording({ path: source });
  let isSeen = false;
  const first = { read: (sink: FrameSink) => (isSeen ? -1 : traffic.read(sink, 1)) };
  const alone: Between = (out) => ({
    frame(...frame) {
      if (!isSeen) out.frame(...frame);
      isSeen = true;
    },
  });
  try {
    return writeCapture(file, first, alone);
  } finally {
    traffic.close();
  }
}
