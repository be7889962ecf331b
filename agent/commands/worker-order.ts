/** What the capturing threads and the one that leads them say to each other. */
import type { CaptureStats } from '../capture/frame-source.ts';
import type { AgentLimits } from '../limits.ts';
import type { GroupLimits } from '../overload/control-group.ts';
import type { Counters } from '../stats.ts';
import type { CaptureFlags } from './capture-options.ts';

/** Places in the shared words: looked at by the threads between any two reads. */
export const ControlWord = {
  /** Not 0: take nothing more in. */
  stop: 0,
  /** `Pressure`. */
  pressure: 1,
  /** Collections of garbage asked for so far. */
  collections: 2,
  /** From here on, a word for each thread: bytes of records on their way to the leading one. */
  queued: 3,
} as const;

export interface WorkerOrder {
  readonly index: number;
  readonly count: number;
  readonly flags: CaptureFlags;
  readonly limits: AgentLimits;
  /** Of the process. */
  readonly group: GroupLimits;
  readonly version: string;
  readonly fanoutGroup: number;
  /** Of `--print`. */
  readonly colours: boolean;
  /** `PageCredit.shared`. */
  readonly credit: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

export type WorkerMessage =
  /** The rings are open: privileges may go. */
  | { readonly kind: 'open' }
  | { readonly kind: 'records'; readonly path: string; readonly batch: Uint8Array }
  | {
      readonly kind: 'counters';
      readonly counters: Counters;
      readonly interfaces: readonly CaptureStats[];
      /** Of `Agent`. */
      readonly serverNames: readonly (readonly [string, number])[];
    }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly hint: string;
      readonly exitCode: number;
    };
