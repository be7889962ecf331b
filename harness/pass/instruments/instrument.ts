/**
 * What a pass does beside replaying: one object for each kind of pass. It says how the target is started, when it is used,
 * what it costs and what it brings; `pass.ts`, `plan.ts` and the report ask the object, never its kind.
 */
import type { FrameRange, Note, PassKind, RetainedClass } from '../../../reports/model.ts';
import type { PreloadOptions } from '../../preload/options.ts';
import type { IntervalProfiles } from '../../profile/files.ts';
import type { FoundKeeper } from '../../profile/heap-snapshot/keeper.ts';
import type { LineProfile } from '../../profile/lines/line-profile.ts';
import type { Wrapper } from '../../target/target.ts';
import type { PreloadChannel } from '../../watch/preload-channel.ts';
import type { IntervalFrames, PassResult } from '../pass-result.ts';

export interface Instrument {
  readonly kind: PassKind;
  /** What the pass does, for the line of progress. */
  readonly activity: string;
  /** What the pass measures is fit for no budget. */
  readonly disturbs: boolean;
  /** Whether only a Node.js target can be looked at. */
  readonly needsNode: boolean;
  /** It names no code of our agent, which therefore runs in the files that are published. @default false */
  readonly runsPublished?: boolean;
  /** It slows the target down: the traffic waits for the target, and stands still while the instrument is used. */
  readonly holdsTraffic: boolean;
  /** Length of an interval that ends by time. @default as the run has it */
  readonly intervalMs?: number;
  /** What it does while the pass runs; undefined where it works by itself. */
  readonly use: InstrumentUse | undefined;
  /** @throws FloodgateError `tool-missing` where a tool that it needs is not installed */
  checkTools?(): void;
  /** @param folder of the pass */
  start(folder: string): InstrumentStart;
  /** In words, for the report. @param usual what looks at the target in every pass */
  describe(usual: readonly string[], isNode: boolean): readonly string[];
  /** Resident memory at which the target may end in this pass; undefined: its own limit. @param peakBytes as measured */
  ceilingBytes(peakBytes: number): number | undefined;
  /** Where it is to look, by what the measuring pass found. */
  aim(found: FoundSpikes): Aim;
  /** Reads what it left. */
  bring(pass: PassResult, order: BringOrder): Brought | Promise<Brought>;
}

export interface InstrumentStart {
  /** For the target's Node.js. */
  readonly nodeArguments?: readonly string[];
  readonly preload?: Pick<PreloadOptions, 'profile' | 'cpu' | 'snapshots' | 'settles' | 'lines'>;
  readonly wrapper?: Wrapper;
}

export interface InstrumentUse {
  /** Ends interval number `interval`. @returns whether the target answered */
  take(channel: PreloadChannel, interval: number): Promise<boolean>;
  /** Called once an interval has been taken; what it brings needs no room in memory then. */
  taken?(frames: IntervalFrames, channel: PreloadChannel): void;
  /** Ends an interval with each phase of the traffic, and at no frame mark. */
  readonly oncePerPhase: boolean;
  /** Ends an interval by time as well as at frame marks. */
  readonly everyInterval: boolean;
  /** It shows how things stand: where nothing has happened since, it would show the same again. */
  readonly isLevel: boolean;
  /** It stops the target: where traffic cannot be held, the target works for a while before it is used again. @default false */
  readonly rests?: boolean;
}

/** The spikes of the measuring pass, as far as instruments ask. */
export interface FoundSpikes {
  /** The frames of each spike, in order of time. */
  readonly frames: readonly FrameRange[];
  /** Of what is alive at the end, what grew all along: where there is any, who keeps it is asked of the whole run. */
  readonly leakBytes: number;
  /** Index of the highest spike of resident memory; −1 where there is none. */
  readonly highest: number;
  /** Sent in all; milliseconds of the load where there are no frames. */
  readonly framesSent: number;
  /** Highest use of V8's heap; undefined where nothing is known of it. */
  readonly heapBytes: number | undefined;
}

export type Aim =
  | { readonly frameMarks: readonly number[] }
  /** There is nothing to look at; `note` says why where a person would ask. */
  | { readonly frameMarks: undefined; readonly note?: Note };

export interface BringOrder {
  /** The report's. */
  readonly folder: string;
  /** The pass's own. */
  readonly passFolder: string;
  /** What reproduces the run. */
  readonly command: string;
  readonly keepsSnapshots: boolean;
  readonly found: FoundSpikes;
}

/** What heap snapshots say grew, and in which spike. */
export interface Retained {
  readonly spike: number;
  readonly classes: readonly RetainedClass[];
  readonly keeper: FoundKeeper | undefined;
  /** The thread or child in whose heap; empty for the target's main thread. */
  readonly where: string;
  /** Frames, and requests where the target counts them, between the two snapshots. */
  readonly frames: number;
  readonly requests: number | null;
}

/** What an instrument found out. */
export interface Brought {
  /** Everything that was allocated. */
  readonly allocations?: readonly FrameInterval[];
  /** What was allocated in the interval and alive at its end. */
  readonly live?: readonly FrameInterval[];
  /** What grew between heap snapshots, and in which spike. */
  readonly retained?: Retained;
  /** Bytes by source line of one function. */
  readonly lines?: LineProfile;
  /** What stayed, by place in the traffic. */
  readonly settled?: readonly SettledPoint[];
  readonly notes?: readonly Note[];
  /** Where each spike of the measuring pass lies in this one. @default at the same frames */
  readonly frames?: readonly FrameRange[];
}

/** The target after three last-resort collections. */
export interface SettledPoint {
  /** Sent by then; milliseconds of the load where there are no frames. */
  readonly frames: number;
  /** Answered by then; null where the target does not count them. */
  readonly requests: number | null;
  /** The heap and all off-heap memory that the runtime knows of. */
  readonly liveBytes: number;
  /** Resident memory without pages of files; null where it was not read at that moment. */
  readonly ownBytes: number | null;
}

/** The profiles of an interval, with the frames that were sent in it. */
export interface FrameInterval extends IntervalProfiles {
  readonly firstFrame: number;
  readonly lastFrame: number;
}

/** What a sampler takes in a target on top of what was measured: tens of megabytes. */
export function samplerCeilingBytes(peakBytes: number): number {
  return 1.5 * peakBytes + 300e6;
}
