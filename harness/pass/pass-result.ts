/** What one replay brought, before anything is made of it. */
import type { PassKind } from '../../reports/model.ts';
import type { Unanswered } from '../feed/load-reports.ts';
import type { RequestAccount } from '../feed/request-account.ts';
import type { SendResult } from '../feed/sender.ts';
import type { Answers } from '../preload/options.ts';
import type { Lane } from '../scenario/scenario.ts';
import type { Collected, TargetExit } from '../target/target.ts';
import type { FamilyMember } from '../watch/family-watch.ts';
import type { MemoryWatch } from '../watch/memory-watch.ts';
import type { PreloadChannel } from '../watch/preload-channel.ts';
import type { SampleTable } from '../watch/sample-table.ts';
import type { StatsFile } from '../watch/stats-file.ts';
import type { Elsewhere } from './elsewhere.ts';

/** Which frames had been sent when an interval of the instrument ended. */
export interface IntervalFrames {
  readonly interval: number;
  readonly firstFrame: number;
  readonly lastFrame: number;
  /** The frame marks that it was ended for; none where it ended by time. */
  readonly marks?: readonly number[];
  /** Of the traffic, for an instrument that is used once a phase. */
  readonly phase?: string | undefined;
}

/** What became of the process beside the target. */
export interface CompanionResult extends Collected {
  readonly name: string;
  /** Undefined where it was gone before it could be looked at. */
  readonly watch: MemoryWatch | undefined;
}

/** A process as a report may name it. */
export interface NamedMember extends Omit<FamilyMember, 'words'> {
  /** Without secrets, cut. */
  readonly command: string;
}

/** What the target started. */
export interface FamilyResult {
  /** The processes; none in a pass that is not judged. */
  readonly members: readonly NamedMember[];
  /** Channels of those that are Node.js and were reached. */
  readonly channels: readonly PreloadChannel[];
  /** Processes beyond those that are watched, or looked into. */
  readonly unwatched: number;
}

/** What a watch has read: all that is asked of it once it has stopped. */
type WatchedMemory = Readonly<
  Pick<
    MemoryWatch,
    | 'rss'
    | 'rollup'
    | 'map'
    | 'phases'
    | 'rssPeakBytes'
    | 'usage'
    | 'usageBefore'
    | 'groupPeakBytes'
    | 'rollupRssBytes'
    | 'peakIsWhole'
    | 'levels'
    | 'tops'
    | 'line'
  > &
    // Measurements of versions that took the start for traffic have none.
    Partial<Pick<MemoryWatch, 'trafficPeakBytes'>>
>;

/** What every figure is read from: a pass, or the same read back from a file. */
export interface MeasuredPass
  extends Pick<
    PassResult,
    | 'lane'
    | 'startedAtEpochMs'
    | 'isTried'
    | 'sendStartMs'
    | 'sendEndMs'
    | 'ranBefore'
    | 'sent'
    | 'stats'
    | 'answers'
    | 'unanswered'
    | 'requests'
    | 'exit'
  > {
  readonly watch: WatchedMemory;
  readonly channel: Readonly<Pick<PreloadChannel, 'v8' | 'gc' | 'marks' | 'last'>>;
  readonly sending:
    | (Pick<SendResult, 'ledger' | 'pacing' | 'truth'> & {
        readonly impairments?: SendResult['impairments'] | undefined;
      })
    | undefined;
  /** Beside the main thread; undefined where nothing was, or it is not known between which requests. */
  readonly elsewhere?: Elsewhere | undefined;
  readonly companion:
    | (Pick<CompanionResult, 'witnesses' | 'endpoints'> & {
        readonly watch: Readonly<Pick<MemoryWatch, 'rssPeakBytes'>> | undefined;
      })
    | undefined;
  readonly family:
    | {
        readonly unwatched: number;
        readonly members: readonly {
          readonly endMs: number | null;
          readonly watch: Readonly<Pick<MemoryWatch, 'line' | 'rollup'>> | undefined;
        }[];
      }
    | undefined;
}

export interface PassResult {
  readonly kind: PassKind;
  readonly lane: Lane;
  readonly startedAtEpochMs: number;
  readonly durationMs: number;
  /** Whether the target was still there when the traffic, or the load, began. */
  readonly isTried: boolean;
  /** When the first frame was sent and the last, ms after the start; the same where none was. */
  readonly sendStartMs: number;
  readonly sendEndMs: number;
  readonly targetName: string;
  /** It ran before: counters of its own go back further than the pass. */
  readonly ranBefore: boolean;
  readonly commandLine: readonly string[];
  /** Where the load went, and the port that the target was given; undefined where these are the same, or not ours to choose. */
  readonly otherPort: { readonly taken: number; readonly given: number } | undefined;
  /** Which files of our agent ran, in words; empty for other targets. */
  readonly startedFrom: string;
  /** In words, for the report. */
  readonly instruments: readonly string[];
  readonly watch: MemoryWatch;
  readonly channel: PreloadChannel;
  readonly sent: SampleTable;
  readonly stats: StatsFile;
  /** Ledger, truth and impairments; undefined when the target was gone before anything was sent. */
  readonly sending: SendResult | undefined;
  /** HTTP answers that a target under a load gave, by its own count or the load's; undefined where they were not counted. */
  readonly answers: Answers | undefined;
  /** Requests that got no answer; undefined where there is no load. */
  readonly unanswered: Unanswered | undefined;
  /** What became of recorded requests; undefined where none were sent. */
  readonly requests: RequestAccount | undefined;
  readonly exit: TargetExit;
  /** The collector that the target uploaded to; undefined where it had none. */
  readonly companion: CompanionResult | undefined;
  readonly intervals: readonly IntervalFrames[];
  /** Undefined in the exact lane, whose target is one process and one thread. */
  readonly family: FamilyResult | undefined;
  /** What its threads and Node.js children allocated meanwhile. */
  readonly elsewhere?: Elsewhere | undefined;
}
