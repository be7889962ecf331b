/** What kind of growth a spike is, by what grew between its start and its top. Pure. */
import type { CauseClass } from '../../reports/model.ts';

/** Levels at a spike's start and top, in bytes; null where not measured. */
export interface CauseEvidence {
  readonly heightBytes: number;
  /** Increase from the spike's start to its top. */
  readonly heapUsedGrowthBytes: number | null;
  readonly heapTotalGrowthBytes: number | null;
  /** Off-heap memory V8 knows of: external, which includes array buffers. */
  readonly externalGrowthBytes: number | null;
  /** Heap right after the last collection before the top less the same before the start: what was really kept. */
  readonly liveGrowthBytes: number | null;
  readonly codeGrowthBytes: number | null;
  /** Memory the agent itself accounts to reassembly pages. */
  readonly reassemblyGrowthBytes: number | null;
  /** Growth of pages by where they lie; null where that was not looked at. */
  readonly map: MapGrowth | null;
  /** The same of a program without a runtime that accounts for its memory: C, Python. */
  readonly native?: MapGrowth | null;
  /** Of what was alive at the end, what was not there before and grew all along; 0 where it went again. */
  readonly leakBytes: number;
  /** A limit on growth is broken, and this spike is to say by what: then the leak names it, however much garbage lies beside. */
  readonly isGrowthAsked?: boolean;
}

/** Resident growth by kind of page, in bytes (see `MemoryMap` in harness/watch). */
export interface MapGrowth {
  readonly heapBytes: number;
  readonly codeBytes: number;
  readonly allocatorBytes: number;
  readonly blockBytes: number;
  readonly stackBytes: number;
  readonly imageBytes: number;
}

export interface Cause {
  readonly cause: CauseClass;
  /** Enough of it stays for good and grew all along, whatever it is called. */
  readonly isLeak: boolean;
  /** One sentence with the figures, for a person. Shares are rounded to whole per cent. */
  readonly detail: string;
  /** Of the height, what all the measured parts explain together, 0..1. */
  readonly explainedShare: number;
}

/** The part that explains most of the height gives its name, if it explains at least this much. */
const SHARE_MIN = 0.3;

/** What stays for good gives its name before what a collection takes, if it is this much of the height. */
const LEAK_SHARE_MIN = 0.15;

/** Where a target's own count answers for so much of the height, it says what stays better than "leak" does. */
const LEDGER_SHARE_MIN = 0.5;

interface Part {
  readonly cause: CauseClass;
  readonly bytes: number;
  readonly words: string;
}

/** Names the cause; `unknown` when nothing measured explains 30 % of the height. */
export function classifyCause(evidence: CauseEvidence): Cause {
  const height = Math.max(1, evidence.heightBytes);
  const { map, native } = evidence;
  const measured = map ? partsOfMap(evidence, map) : native ? partsOfNative(native) : partsOfHeap(evidence);
  const claimed = measured.reduce((sum, part) => sum + part.bytes, 0);
  // What several counters claim together may be more than the line rose: then each has its share of that.
  const factor = Math.min(1, height / Math.max(1, claimed));
  const parts = measured.map((part) => ({ ...part, bytes: part.bytes * factor }));
  const named = claimed * factor;
  if (named > 0) {
    // Where the pages themselves were looked at, what is left is no fragmentation but the moments between two looks.
    const isLooked = map !== null || (native ?? null) !== null;
    const words = isLooked ? 'between two looks at the pages' : 'outside everything V8 accounts for (arenas)';
    parts.push({ cause: isLooked ? 'unknown' : 'fragmentation', bytes: Math.max(0, height - named), words });
  }
  const byCause = new Map<CauseClass, number>();
  for (const { cause, bytes } of parts) byCause.set(cause, (byCause.get(cause) ?? 0) + bytes);
  const [first] = [...byCause].sort(([, a], [, b]) => b - a);
  parts.sort((a, b) => b.bytes - a.bytes);
  const share = (bytes: number) => `${Math.round((100 * bytes) / height)} %`;
  const shares = parts.filter((part) => part.bytes >= 0.1 * height).map((part) => `${share(part.bytes)} ${part.words}`);
  const isLeak = evidence.leakBytes >= (evidence.isGrowthAsked ? 1 : LEAK_SHARE_MIN * height);
  const isCounted = (byCause.get('reassembly') ?? 0) >= LEDGER_SHARE_MIN * height;
  const largest = first![1] >= SHARE_MIN * height ? first![0] : 'unknown';
  const cause = isCounted ? 'reassembly' : isLeak ? 'leak' : largest;
  const detail =
    shares.length > 0 ? `Of the growth, ${shares.join(', ')}.` : 'Nothing that was measured explains the growth.';
  return {
    cause,
    isLeak,
    detail: isLeak ? `It stays, and grew all along. ${detail}` : detail,
    explainedShare: Math.min(1, named / height),
  };
}

const positive = (bytes: number | null): number => Math.max(0, bytes ?? 0);

/** By what V8 and the agent say of themselves. */
function partsOfHeap(evidence: CauseEvidence): Part[] {
  const reassembly = positive(evidence.reassemblyGrowthBytes);
  const external = positive(evidence.externalGrowthBytes);
  const heapTotal = Math.max(positive(evidence.heapUsedGrowthBytes), positive(evidence.heapTotalGrowthBytes));
  const live = Math.min(heapTotal, positive(evidence.liveGrowthBytes));
  const code = positive(evidence.codeGrowthBytes);
  return [
    { cause: 'reassembly', bytes: reassembly, words: 'in reassembly pages' },
    { cause: 'off-heap', bytes: Math.max(0, external - reassembly), words: 'off-heap (buffers and native memory)' },
    { cause: 'code', bytes: code, words: 'in compiled code' },
    { cause: 'live-growth', bytes: live, words: 'in objects that survived collection' },
    { cause: 'garbage', bytes: Math.max(0, heapTotal - live - code), words: 'in heap pages for garbage' },
  ];
}

/** By the pages alone: what is alive in them, and what is kept for later, only the program's allocator knows. */
function partsOfNative(map: MapGrowth): Part[] {
  return [
    { cause: 'off-heap', bytes: positive(map.allocatorBytes), words: "in the C allocator's arenas" },
    { cause: 'off-heap', bytes: positive(map.blockBytes) + positive(map.heapBytes), words: 'in mappings of its own' },
    { cause: 'code', bytes: positive(map.codeBytes), words: 'in compiled code' },
    { cause: 'unknown', bytes: positive(map.stackBytes) + positive(map.imageBytes), words: 'in stacks and libraries' },
  ];
}

/** By the pages, and within each kind by what V8 and the agent say. */
function partsOfMap(evidence: CauseEvidence, map: MapGrowth): Part[] {
  const heap = positive(map.heapBytes);
  const live = Math.min(heap, positive(evidence.liveGrowthBytes));
  const { reassembly, buffers, firstUse, allocator } = nativeParts(
    map,
    positive(evidence.reassemblyGrowthBytes),
    positive(evidence.externalGrowthBytes),
  );
  return [
    { cause: 'reassembly', bytes: reassembly, words: 'in reassembly pages' },
    { cause: 'off-heap', bytes: buffers, words: 'off-heap (buffers and native memory)' },
    { cause: 'off-heap', bytes: firstUse, words: 'in tables and pools taken before and first written now' },
    { cause: 'fragmentation', bytes: allocator, words: "in the C allocator's arenas (native state, fragmentation)" },
    { cause: 'code', bytes: positive(map.codeBytes), words: 'in compiled code' },
    { cause: 'live-growth', bytes: live, words: 'in objects that survived collection' },
    { cause: 'garbage', bytes: heap - live, words: 'in heap pages for garbage' },
    { cause: 'unknown', bytes: positive(map.stackBytes) + positive(map.imageBytes), words: 'in stacks and libraries' },
  ];
}

/**
 * Pages outside V8's heap: reassembly pages by the agent's ledger, then the buffers V8 knows of; of what is left, whole
 * mappings were taken before (growth of V8's own count would be there otherwise) and the rest lies in malloc's arenas.
 */
export function nativeParts(
  { allocatorBytes, blockBytes }: Pick<MapGrowth, 'allocatorBytes' | 'blockBytes'>,
  ledgerBytes: number,
  externalBytes: number,
): { readonly reassembly: number; readonly buffers: number; readonly firstUse: number; readonly allocator: number } {
  const block = Math.max(0, blockBytes);
  const native = block + Math.max(0, allocatorBytes);
  const reassembly = Math.min(ledgerBytes, native);
  const buffers = Math.min(Math.max(0, externalBytes - reassembly), native - reassembly);
  const rest = native - reassembly - buffers;
  const firstUse = Math.min(rest, Math.max(0, block - reassembly - buffers));
  return { reassembly, buffers, firstUse, allocator: rest - firstUse };
}
