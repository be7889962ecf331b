/** What a sender is to send. */

import type { EditOrder } from './edit/edit-order.ts';
import type { FloodPlan } from './flood/plan-types.ts';
import type { ImpairOrder } from './impaired-traffic.ts';
import type { TrafficEnd } from './rate-profile.ts';
import type { SpreadOrder } from './spread-traffic.ts';
import type { TrafficOptions } from './traffic.ts';

/** What becomes of any traffic on its way. */
interface AnyOrder {
  /** How many times over, each time as the traffic of other hosts. @default 1 */
  readonly loops?: number;
  /** Where it ends, after as many rounds as that takes; `loops` is not looked at then. @default where its source ends */
  readonly end?: TrafficEnd | undefined;
  /** How its frames are edited, before anything else. @default as they are */
  readonly edit?: EditOrder | undefined;
  /** Over which interfaces its frames are spread, as they were sent. @default one */
  readonly spread?: SpreadOrder | undefined;
  /** @default nothing happens to it */
  readonly impair?: ImpairOrder | undefined;
  /** Whether messages are counted where the traffic does not know its own. @default false */
  readonly countsMessages?: boolean;
}

/** What is sent: named, not handed over, so that the thread can open it for itself. */
export type TrafficOrder = AnyOrder &
  (
    | {
        readonly kind: 'scenario';
        /** A module that exports `scenario`. */
        readonly moduleUrl: string;
        readonly options: TrafficOptions;
      }
    | {
        readonly kind: 'flood';
        readonly plan: FloodPlan;
        readonly options: TrafficOptions;
      }
    | {
        readonly kind: 'recording';
        /** A pcap or pcapng file, gzip or zstd allowed; `-`: standard input. */
        readonly path: string;
        /** Further ones, whose frames come between its own, by their times. @default none */
        readonly merge?: readonly string[];
      }
  );
