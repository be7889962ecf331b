/** What the harness sends to the preload inside a target, and what comes back: plain data on both sides of descriptor 3. */

/** Name of the environment variable with the options as JSON; the preload removes it before the target's own code runs. */
export const preloadVariable = 'FLOODGATE_OBSERVE';

/** Name of the environment variable with a `FamilyOrder`, for what a target starts: it stays. */
export const familyVariable = 'FLOODGATE_FAMILY';

/** What threads and children of a target are to know. */
export interface FamilyOrder {
  /** Of who wrote this: who finds another number is a child of it, who finds its own is a thread. */
  readonly pid: number;
  /** Descriptor of that process's channel, for its threads. */
  readonly channel: number;
  /** Path of a socket where a child finds a channel. */
  readonly socket: string;
  readonly options: Omit<PreloadOptions, 'channel'>;
}

/** The folder of a copy for a Node.js that is not ours: by its name the preload's own allocations are known. */
export const preloadFolderName = 'floodgate-preload';

/** Error of a target whose Node.js cannot do as `lines` asks: it runs the source as it is. */
export const linesRefused = 'lines of source take Node.js 22.15 or later';

export interface PreloadOptions {
  /** Descriptor of the channel. */
  readonly channel: number;
  /** Between two lines of V8 figures. */
  readonly intervalMs: number;
  /**
   * Takes readings when the target does (diagnostics channel `floodgate:reading`) and not by the clock, and leaves what
   * readings allocate out of `allocated`: what is left is the traffic's.
   */
  readonly inStep?: boolean;
  /** While requests are answered, reads at fixed numbers of them alone, and has garbage collected before the first: allocation repeats. */
  readonly byRequests?: boolean;
  /** Counts what is allocated off the heap; a collection frees such memory at once then, and no thread of V8's later. */
  readonly countsOffHeap?: boolean;
  /** Where the target's children find a channel: with it they are looked into, and its threads. */
  readonly family?: Pick<FamilyOrder, 'socket'>;
  /** Samples allocations from the target's start on; every `cut` command ends an interval. Undefined in a measuring pass. */
  readonly profile?: {
    /** `allocations`: all of the interval, freed objects included; `live`: those that a collection at its end leaves. */
    readonly kind: 'allocations' | 'live';
    /** Of `live`: every profile holds all since the start, and not only what its own interval brought. */
    readonly isCumulative?: boolean;
    /** Mean bytes between two samples of the V8 heap. */
    readonly sampleBytes: number;
    readonly stackDepth: number;
    /** Mean bytes between two samples of off-heap memory; 0 leaves the constructors alone. */
    readonly offHeapSampleBytes: number;
    /** Profiles are written here. */
    readonly folder: string;
  };
  /** Profiles CPU time from the target's start on; every `cut` command ends an interval. */
  readonly cpu?: {
    /** Between two looks at the stack, in microseconds. */
    readonly sampleUs: number;
    /** Profiles are written here. */
    readonly folder: string;
  };
  /** A file in the place of one module's source: its lines are charged by themselves. */
  readonly lines?: { readonly url: string; readonly file: string };
  /** The `settle` command is heeded: see `settled` below. */
  readonly settles?: boolean;
  /** Where the `snapshot` command writes. */
  readonly snapshots?: {
    readonly folder: string;
    /** Of a heap that uses more none is written: it would take minutes. */
    readonly heapBytesMax: number;
  };
}

/** HTTP answers, and how many of them had another status than 2xx. */
export interface Answers {
  readonly total: number;
  readonly not2xx: number;
  /** By a load generator that says only roughly how many it got: `total` is no divisor. @default false */
  readonly isEstimate?: boolean;
  /** How many of each; absent where only a load generator counted them. */
  readonly statuses?: Readonly<Record<string, number>>;
  /** How many at each port, where servers of one process listened at several. @default not known */
  readonly ports?: Readonly<Record<string, number>>;
  /** Of `total`, those that may have been answered to the load, where others are known to have come to another port. @default all */
  readonly ofLoad?: number;
  /** Written in them, heads included; absent where they are not known, as with HTTP/2. */
  readonly bytes?: number;
  /** Requests whose connection ended before their answer was whole, while others came after them. @default none */
  readonly unanswered?: number;
  /** Requests that had no whole answer when the load was over, or the reading was taken. @default none */
  readonly inFlight?: number;
  /** Of these, those whose client still waited: what ends by itself then has cut them. @default none */
  readonly open?: number;
  /** Of those in flight, what clients left while others went on: they gave up, or had what they wanted. @default none */
  readonly leftEarly?: number;
  /** Requests of HTTP/2 of which the target's Node.js says nothing but that they came, beside those of HTTP/1. @default none */
  readonly unseen?: number;
  /** Processes and threads that served requests and ended by themselves without a last reading, or that were too many to be asked. @default none */
  readonly lost?: number;
}

/**
 * What the sums of allocation were made of, in the main thread of V8: with the collections beside them, whoever reads them can make them
 * again (`signoff/raw-sums.ts`). All of one moment, in bytes.
 */
export interface SumParts {
  /** Collections that have been said by then, but for those that we asked for. */
  readonly collections: number;
  /** What those that we asked for have freed. */
  readonly freedByUs: number;
  readonly freedByUsYoung: number;
  /** What lies on the heap. */
  readonly lying: number;
  /** Of it, in young spaces. */
  readonly lyingYoung: number;
  /** Ever allocated, readings included. */
  readonly allocated: number;
  readonly allocatedYoung: number;
  /** Of it, what earlier readings took. */
  readonly own: number;
  readonly ownYoung: number;
}

/** Lines from the target, one JSON object each. Times are milliseconds since the epoch. */
export type PreloadLine =
  /** First of all: what the target runs on. */
  | { readonly type: 'runtime'; readonly name: string; readonly pid?: number; readonly thread?: undefined }
  /** A worker thread was made, … */
  | { readonly type: 'threadStart'; readonly thread?: number; readonly tMs: number; readonly id: number }
  /** … and says its name and its file, first of all its lines, … */
  | { readonly type: 'thread'; readonly tMs: number; readonly id: number; readonly name: string }
  /** … and this, last. */
  | { readonly type: 'threadEnd'; readonly tMs: number; readonly id: number }
  /** No request is open, as in the reading before this, … */
  | { readonly type: 'drained'; readonly thread?: number; readonly tMs: number }
  /** … and one is again. */
  | { readonly type: 'begun'; readonly thread?: number; readonly tMs: number }
  /** A child was started, by these words. */
  | {
      readonly type: 'spawn';
      readonly thread?: number;
      readonly tMs: number;
      readonly pid: number;
      readonly words: readonly string[];
    }
  | {
      readonly type: 'v8';
      /** A worker thread, whose figures are of its own heap; none: the main thread. */
      readonly thread?: number;
      readonly tMs: number;
      readonly heapUsed: number;
      readonly heapTotal: number;
      readonly external: number;
      /** Null where the runtime has none. */
      readonly arrayBuffers: number | null;
      readonly malloced: number | null;
      /** Bytes ever allocated on the heap, by the sum over collections. */
      readonly allocated: number;
      /** Highest use seen right before a collection. */
      readonly peakBeforeGc: number;
      /** Use right after the last major collection; 0 before the first. */
      readonly afterGc: number;
      /** CPU time of the process, all threads. */
      readonly cpuMs?: number;
      /** Of it, what reading and sending these figures took. */
      readonly ownMs?: number;
      /** Of `allocated`, what earlier readings took. */
      readonly ownAllocated?: number;
      /** Of this thread alone; V8's only. */
      readonly parts?: SumParts;
      /** Bytes ever allocated off the heap, where it is counted. */
      readonly offHeap?: number;
      /** Timers, sockets, servers and requests that keep the program running. */
      readonly handles?: number;
      /** Answers that HTTP servers of the program have given; once there is one. */
      readonly answers?: Answers;
      /** Read as the process or the thread ends: nothing comes after it. */
      readonly isLast?: true;
      /** Highest resident memory since the start, by the kernel; only in the last line. */
      readonly rssPeak?: number;
      /** Used bytes by heap space; only on some lines. */
      readonly spaces?: Readonly<Record<string, number>>;
    }
  /** At a fixed number of requests answered. */
  | {
      readonly type: 'mark';
      readonly thread?: number;
      readonly tMs: number;
      readonly requests: number;
      /** Bytes that the target had allocated on the heap, without what readings took. */
      readonly allocated: number;
      /** Of these, by objects that began young (`allocation.ts`): to the byte. */
      readonly allocatedYoung: number;
      readonly parts?: SumParts;
      /** Bytes ever allocated off the heap, where it is counted. */
      readonly offHeap?: number;
    }
  | {
      readonly type: 'gc';
      readonly thread?: number;
      readonly tMs: number;
      readonly kind: string;
      readonly pauseMs: number;
      readonly usedBefore: number;
      /** Off-heap memory that V8 knew of right before: also seen where no timer runs for long. */
      readonly externalBefore?: number;
      readonly usedAfter: number;
      /** Of these, in young spaces; V8's only. */
      readonly youngBefore?: number;
      readonly youngAfter?: number;
    }
  | {
      readonly type: 'profile';
      readonly thread?: number;
      /** Number given with the command that ended it; −1: the thread or child has ended. */
      readonly interval: number;
      readonly startMs: number;
      readonly endMs: number;
      /** V8's profile of the interval (.heapprofile). */
      readonly heapFile: string;
      /** Off-heap sites of the interval, see `OffHeapSite`; empty when not asked for. */
      readonly offHeapFile: string;
      /** Source maps, by URL, of code that a loader compiled in memory; undefined where there is none. */
      readonly mapsFile?: string | undefined;
    }
  | {
      readonly type: 'cpu';
      readonly thread?: number;
      readonly interval: number;
      readonly startMs: number;
      readonly endMs: number;
      /** V8's profile of the interval (.cpuprofile). */
      readonly file: string;
    }
  | {
      readonly type: 'snapshot';
      readonly thread?: number;
      readonly name: string;
      readonly tMs: number;
      /** Empty where the heap was too large. */
      readonly file: string;
      /** HTTP requests answered by then; null where the target has no server of Node.js. */
      readonly requests: number | null;
      readonly tookMs: number;
    }
  /** After forced collections: what stays. */
  | {
      readonly type: 'settled';
      readonly thread?: number;
      /** Number given with the command. */
      readonly interval: number;
      readonly tMs: number;
      /** HTTP requests answered by then; null where the target has no server of Node.js. */
      readonly requests: number | null;
      readonly heapUsed: number;
      /** Memories of WebAssembly included. */
      readonly external: number;
    }
  /** An exception reached the top of the program. @see TargetExit.uncaught */
  | {
      readonly type: 'uncaught';
      readonly thread?: number;
      readonly tMs: number;
      /** Nothing in the program catches it there: it ends. */
      readonly isFatal: boolean;
    }
  | { readonly type: 'error'; readonly thread?: number; readonly tMs: number; readonly message: string };

/** One off-heap allocation site with its stack, innermost frame first. */
export interface OffHeapSite {
  readonly bytes: number;
  readonly count: number;
  /** What was called: `Buffer.alloc`, `new Uint8Array`, … */
  readonly operation: string;
  readonly frames: readonly {
    readonly functionName: string;
    readonly url: string;
    readonly line: number;
    readonly column: number;
  }[];
}
