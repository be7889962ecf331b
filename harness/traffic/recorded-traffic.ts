/** A recording as a scenario's traffic: as it was made, or impaired from a seed, with the truth about either. */
import { statSync } from 'node:fs';
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { FloodgateError } from '../../agent/errors.ts';
import { ImpairedTraffic } from './impaired-traffic.ts';
import { parseImpairments } from './impairments/parse.ts';
import { Recording, type RecordingOptions } from './recording.ts';
import type { ImpairmentRecord, Phase, Traffic } from './traffic.ts';

export interface RecordedTrafficOptions extends RecordingOptions {
  /** A pcap or pcapng file, gzip or zstd allowed. */
  readonly path: string;
  /** Of the impairments. @default 1 */
  readonly seed?: number;
  /** As `--impair` has them: `loss=1%,reorder=2%/50`. @default none */
  readonly impair?: string;
  readonly phases?: readonly Phase[];
  /** For progress, where it is known. @default not known */
  readonly size?: RecordingSize;
  /** @default true where there are impairments */
  readonly countsMessages?: boolean;
}

export interface RecordingSize {
  readonly frames: number;
  readonly bytes: number;
  readonly durationUs: number;
}

/** Opens one pass over a recording. @throws FloodgateError when it cannot be read. */
export function openRecording(options: RecordedTrafficOptions): Traffic {
  const { path, seed = 1, phases = [], size, impair } = options;
  const source = new RecordedTraffic(new Recording(path, options), phases, size);
  const impairments = impair === undefined ? [] : parseImpairments(impair, 'impair');
  const countsMessages = options.countsMessages ?? impairments.length > 0;
  if (!countsMessages && impairments.length === 0) return source;
  return new ImpairedTraffic({ source, impair: { impairments, seed }, countsMessages });
}

/** Reads the first frame, so that a file that is no capture, or can be read once only, is refused before anything starts. @throws FloodgateError */
export function probeRecording(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO()) {
    throw new FloodgateError('recording-unreadable', `${path} is a pipe, and is read more than once`, {
      hint: 'put it into a file first (floodgate edit - FILE), or give it to floodgate run as standard input: -',
    });
  }
  const recording = new Recording(path);
  try {
    recording.read({ frame: () => {} }, 1);
  } finally {
    recording.close();
  }
}

class RecordedTraffic implements Traffic {
  readonly linkType = 1;
  readonly framesExpected: number | undefined;
  readonly bytesExpected: number | undefined;
  readonly durationUs: number | undefined;
  readonly phases: readonly Phase[];
  readonly #recording: Recording;

  constructor(recording: Recording, phases: readonly Phase[], size: RecordingSize | undefined) {
    this.#recording = recording;
    this.framesExpected = size?.frames;
    this.bytesExpected = size?.bytes;
    this.durationUs = size?.durationUs;
    this.phases = phases;
  }

  get impairments(): readonly ImpairmentRecord[] {
    const { isCutShort, name, framesRead, framesLeftOut, framesFiner, converted } = this.#recording;
    const records: ImpairmentRecord[] = [];
    const add = (description: string, frames: number) => records.push({ kind: 'recording', description, frames });
    if (isCutShort) {
      const description = `${name} ends early, in the middle of a record or of its packing: its whole frames were read, and nothing behind them`;
      records.push({ kind: 'recording', description, frames: framesRead, isIncomplete: true });
    }
    for (const [name, frames] of converted) add(`frames of ${name} were sent as Ethernet`, frames);
    if (framesFiner > 0) add('times of frames in nanoseconds were taken to the microsecond', framesFiner);
    if (framesLeftOut > 0) add('frames that hold no packet of a network were left out', framesLeftOut);
    return records;
  }

  read(sink: FrameSink, framesMax: number): number {
    return this.#recording.read(sink, framesMax);
  }

  /** Its messages are not counted here. */
  truth(): undefined {
    return undefined;
  }

  close(): void {
    this.#recording.close();
  }
}
