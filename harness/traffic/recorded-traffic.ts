/** A recording as a scenario's traffic. */

import type { Phase, Traffic } from '../scenario.ts';
import type { Impairment } from './impairments/impairment.ts';
import { Recording } from './recording.ts';

export interface RecordedTrafficOptions {
  /** A pcap or pcapng file, gzip allowed. */
  readonly path: string;
  readonly seed?: number;
  /** Applied in this order. @default [] */
  readonly impairments?: readonly Impairment[];
  readonly phases?: readonly Phase[];
}

/** Opens one pass over a recording. @throws FloodgateError when it cannot be read. */
export function openRecording(options: RecordedTrafficOptions): Traffic {
  const recording = new Recording(options.path);
  return {
    linkType: 1,
    framesExpected: undefined,
    bytesExpected: undefined,
    durationUs: undefined,
    phases: options.phases ?? [],
    impairments: [],
    read: (sink, framesMax) => recording.read(sink, framesMax),
    truth: () => undefined,
    close: () => recording.close(),
  };
}
