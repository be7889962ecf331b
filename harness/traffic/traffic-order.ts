/** What a sender is to send. */
import type { Impairment } from './impairments/impairment.ts';
import type { TrafficOptions } from './traffic.ts';

/** What is sent: named, not handed over, so that the thread can open it for itself. */
export type TrafficOrder =
  /** A module that exports `scenario`. */
  | {
      readonly kind: 'scenario';
      readonly moduleUrl: string;
      readonly options: TrafficOptions;
      /** How many times over, each time as the traffic of other hosts. @default 1 */
      readonly loops?: number;
    }
  /** A pcap or pcapng file (gzip allowed), through `impairments` in this order. */
  | {
      readonly kind: 'recording';
      readonly path: string;
      readonly seed: number;
      readonly impairments: readonly Impairment[];
      readonly loops?: number;
    };
