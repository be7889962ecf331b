/** A recording as a scenario's traffic: as it was made, or impaired from a seed, with the truth about either. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import type { Impairment } from './impairments/impairment.ts';
import { type ImpairmentStack, stackImpairments } from './impairments/stages.ts';
import { Recording } from './recording.ts';
import type { ImpairmentRecord, Phase, Traffic, Truth } from './traffic.ts';
import { MessageTruth } from './truth/message-truth.ts';

export interface RecordedTrafficOptions {
  /** A pcap or pcapng file, gzip or zstd allowed. */
  readonly path: string;
  readonly seed?: number;
  /** Applied in this order. @default [] */
  readonly impairments?: readonly Impairment[];
  readonly phases?: readonly Phase[];
  /** Reads the recording once beforehand to know its messages. @default true where there are impairments */
  readonly countsMessages?: boolean;
}

/** Opens one pass over a recording. @throws FloodgateError when it cannot be read. */
export function openRecording(options: RecordedTrafficOptions): Traffic {
  const impairments = options.impairments ?? [];
  const countsMessages = options.countsMessages ?? impairments.length > 0;
  const survey = countsMessages ? surveyRecording(options.path) : undefined;
  return new RecordedTraffic(new Recording(options.path), impairments, options, survey);
}

/** Reads the first frame, so that a file that is no capture is refused before anything starts. @throws FloodgateError */
export function probeRecording(path: string): void {
  const recording = new Recording(path);
  try {
    recording.read({ frame: () => {} }, 1);
  } finally {
    recording.close();
  }
}

interface Survey {
  readonly truth: MessageTruth;
  readonly frames: number;
  readonly bytes: number;
  readonly durationUs: number;
}

/** Reads it from end to end. */
function surveyRecording(path: string): Survey {
  const truth = new MessageTruth();
  const recording = new Recording(path);
  let [frames, bytes, firstUs, lastUs] = [0, 0, -1, 0];
  const sink: FrameSink = {
    frame: (data, start, end, wireLength, tsUs, interfaceIndex) => {
      frames += 1;
      bytes += end - start;
      if (firstUs < 0) firstUs = tsUs;
      lastUs = tsUs;
      truth.recorded.frame(data, start, end, wireLength, tsUs, interfaceIndex);
    },
  };
  try {
    while (recording.read(sink, framesPerRead) >= 0);
  } finally {
    recording.close();
  }
  truth.findMessages();
  return { truth, frames, bytes, durationUs: lastUs - firstUs };
}

const framesPerRead = 4_096;

class RecordedTraffic implements Traffic, FrameSink {
  readonly linkType = 1;
  readonly framesExpected: number | undefined;
  readonly bytesExpected: number | undefined;
  readonly durationUs: number | undefined;
  readonly phases: readonly Phase[];
  readonly #recording: Recording;
  readonly #survey: Survey | undefined;
  readonly #stack: ImpairmentStack;
  #target: FrameSink | undefined;
  #delivered = 0;
  #isFlushed = false;

  constructor(
    recording: Recording,
    impairments: readonly Impairment[],
    options: RecordedTrafficOptions,
    survey: Survey | undefined,
  ) {
    this.#recording = recording;
    this.#survey = survey;
    // Impairments change how many come, by what is not known before: the recording's own figures are close.
    this.framesExpected = survey?.frames;
    this.bytesExpected = survey?.bytes;
    this.durationUs = survey?.durationUs;
    this.phases = options.phases ?? [];
    this.#stack = stackImpairments(impairments, options.seed ?? 1, this);
  }

  get impairments(): readonly ImpairmentRecord[] {
    const records = this.#stack.stages.map((stage) => stage.record);
    if (!this.#recording.isCutShort) return records;
    const description = 'ends in the middle of a record: its whole frames were sent, and nothing after them';
    return [...records, { kind: 'recording', description, frames: this.#recording.framesRead }];
  }

  /** The end of the stack. */
  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    this.#delivered += 1;
    this.#survey?.truth.delivered.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
    this.#target!.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
  }

  read(sink: FrameSink, framesMax: number): number {
    this.#target = sink;
    const before = this.#delivered;
    if (this.#recording.read(this.#stack.input, framesMax) < 0) {
      if (this.#isFlushed) return -1;
      this.#isFlushed = true;
      this.#stack.flush();
    }
    return this.#delivered - before;
  }

  truth(): Truth | undefined {
    return this.#survey?.truth.truth();
  }

  close(): void {
    this.#recording.close();
  }
}
