/** Cuts what came around a spike out of the files of a recorder, in a thread of its own: the ring is read meanwhile. Started by `incident.ts` alone. */
import { closeSync, readdirSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import type { FloodgateError } from '../../agent/errors.ts';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import { Recording } from '../traffic/recording.ts';
import { openNew } from './recording-folder.ts';

export interface IncidentOrder {
  /** Links to the recorder's files; removed afterwards. */
  readonly parts: string;
  readonly output: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly bytesMax: number;
  readonly comment: string;
}

export interface CutOut {
  readonly frames: number;
  readonly bytes: number;
  /** Null where there is no frame. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** Files of which nothing could be read, or not all. */
  readonly faults: readonly string[];
  /** Frames that had no room. */
  readonly framesLeftOut: number;
}

function cut({ parts, output, fromMs, toMs, bytesMax, comment }: IncidentOrder): CutOut {
  const fd = openNew(output);
  const faults: string[] = [];
  let [frames, bytes, framesLeftOut] = [0, 0, 0];
  let firstMs: number | null = null;
  let lastMs: number | null = null;
  const writer = new PcapngWriter(
    (data, start, end) => {
      for (let at = start; at < end; ) at += writeSync(fd, data, at, end - at);
    },
    { comment },
  );
  writer.addInterface({ name: 'recorded', linkType: 1, snapLength: 0 });
  const sink: FrameSink = {
    frame(data, start, end, wireLength, tsUs) {
      const ms = tsUs / 1000;
      if (ms < fromMs || ms > toMs) return;
      if (bytes + end - start > bytesMax) {
        framesLeftOut += 1;
        return;
      }
      frames += 1;
      bytes += end - start + 32;
      firstMs ??= ms;
      lastMs = ms;
      writer.frame(data, start, end, wireLength, tsUs, 0);
    },
  };
  try {
    for (const name of readdirSync(parts).sort()) {
      try {
        const recording = new Recording(path.join(parts, name));
        try {
          while (recording.read(sink, 4_096) >= 0);
        } finally {
          recording.close();
        }
      } catch (error) {
        if ((error as FloodgateError).code !== 'recording-empty')
          faults.push(`${name}: ${(error as Error).message}`.slice(0, 300));
      }
    }
    writer.flush();
  } finally {
    closeSync(fd);
    rmSync(parts, { recursive: true, force: true });
  }
  return { frames, bytes, firstMs, lastMs, faults, framesLeftOut };
}

parentPort!.postMessage(cut(workerData as IncidentOrder));
