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
  readonly isLeak: boolean;
}

export interface Cause {
  readonly cause: CauseClass;
  /** One sentence with the figures, for a person. Shares are rounded to whole per cent. */
  readonly detail: string;
  /** Of the height, what all the measured parts explain together, 0..1. */
  readonly explainedShare: number;
}

/** The part that explains most of the height gives its name, if it explains at least this much. */
const SHARE_MIN = 0.3;

/** Names the cause; `unknown` when nothing measured explains 30 % of the height. */
export function classifyCause(evidence: CauseEvidence): Cause {
  const height = Math.max(1, evidence.heightBytes);
  const reassembly = Math.max(0, evidence.reassemblyGrowthBytes ?? 0);
  const external = Math.max(0, evidence.externalGrowthBytes ?? 0);
  const heapUsed = Math.max(0, evidence.heapUsedGrowthBytes ?? 0);
  const heapTotal = Math.max(heapUsed, evidence.heapTotalGrowthBytes ?? 0);
  const live = evidence.liveGrowthBytes === null ? null : Math.min(heapTotal, Math.max(0, evidence.liveGrowthBytes));
  const code = Math.max(0, evidence.codeGrowthBytes ?? 0);
  const parts: { cause: CauseClass; bytes: number; words: string }[] = [
    { cause: 'reassembly', bytes: reassembly, words: 'in reassembly pages' },
    { cause: 'off-heap', bytes: Math.max(0, external - reassembly), words: 'off-heap (buffers and native memory)' },
    { cause: 'code', bytes: code, words: 'in compiled code' },
    { cause: 'live-growth', bytes: live ?? 0, words: 'in objects that survived collection' },
    { cause: 'garbage', bytes: Math.max(0, heapTotal - (live ?? 0) - code), words: 'in heap pages for garbage' },
  ];
  const named = parts.reduce((sum, part) => sum + part.bytes, 0);
  if (named > 0)
    parts.push({
      cause: 'fragmentation',
      bytes: Math.max(0, height - named),
      words: 'outside everything V8 accounts for (arenas, fragmentation)',
    });
  parts.sort((a, b) => b.bytes - a.bytes);
  const share = (bytes: number) => `${Math.round((100 * Math.min(bytes, height)) / height)} %`;
  const told = parts.filter((part) => part.bytes >= 0.1 * height).map((part) => `${share(part.bytes)} ${part.words}`);
  const first = parts[0]!;
  const cause = evidence.isLeak ? 'leak' : first.bytes >= SHARE_MIN * height ? first.cause : 'unknown';
  const detail =
    told.length > 0 ? `Of the growth, ${told.join(', ')}.` : 'Nothing that was measured explains the growth.';
  return {
    cause,
    detail: evidence.isLeak ? `Steady growth over the whole run. ${detail}` : detail,
    explainedShare: Math.min(1, named / height),
  };
}
