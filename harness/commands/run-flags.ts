/** The options of `floodgate run`. */
import type { Lane } from '../scenario/scenario.ts';
import type { RequestsFlags } from './requests-flags.ts';
import type { SpreadFlags } from './spread-flags.ts';
import type { TargetFlags } from './target-flags.ts';
import type { TrafficFlags } from './traffic-flags.ts';

/** As they were typed. */
export interface RunFlags extends TargetFlags, TrafficFlags, SpreadFlags, RequestsFlags {
  readonly lane?: Lane;
  readonly defect?: string;
  readonly agentUntil?: string;
  readonly speed?: string;
  readonly pps?: string;
  readonly mbps?: string;
  readonly profile?: string;
  readonly topspeed?: boolean;
  readonly loop?: string;
  readonly size?: string;
  readonly seed?: string;
  readonly out?: string;
  readonly explain?: boolean;
  readonly lines?: boolean;
  readonly sites?: string;
  readonly profileEvery?: string;
  readonly repeatable?: boolean;
  readonly agent?: string;
  readonly keepSnapshots?: boolean;
  readonly keepMeasurement?: boolean;
  readonly cpu?: boolean;
  readonly flame?: boolean;
  readonly doctor?: boolean;
  readonly push?: string;
  readonly intervalMs: string;
  readonly sampleMs: string;
  readonly budget?: readonly string[];
}
