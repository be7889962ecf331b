/** What the passes after the measuring one found out, put together. */
import type { FrameRange, Note, SpikeStream } from '../../reports/model.ts';
import type { Brought, FrameInterval, Retained } from '../pass/instruments/instrument.ts';

export interface Explanation {
  /** Everything that was allocated, by interval; empty where no pass looked. */
  readonly allocations: readonly FrameInterval[];
  /** What was allocated in the interval and alive at its end. */
  readonly live: readonly FrameInterval[];
  /** Where each spike lies in these passes; undefined: at the frames of the measuring one. */
  readonly windows: {
    readonly allocations: readonly FrameRange[] | undefined;
    readonly live: readonly FrameRange[] | undefined;
  };
  /** What heap snapshots say grew, and in which spike; undefined where none were taken. */
  readonly retained: Retained | undefined;
  /** Which streams brought the frames, by spike. */
  readonly streams: readonly (readonly SpikeStream[])[];
  readonly notes: readonly Note[];
}

/** @param brought in the order of the passes */
export function explanationOf(brought: readonly Brought[], streams: Explanation['streams']): Explanation {
  return {
    allocations: brought.flatMap(({ allocations }) => allocations ?? []),
    live: brought.flatMap(({ live }) => live ?? []),
    windows: {
      allocations: brought.find(({ allocations }) => allocations)?.frames,
      live: brought.find(({ live }) => live)?.frames,
    },
    retained: brought.find(({ retained }) => retained)?.retained,
    streams,
    notes: brought.flatMap(({ notes }) => notes ?? []),
  };
}
