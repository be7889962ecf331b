/**
 * What a spike is made of, to the byte, and who is to be asked for it. Pure.
 *
 * The height is measured without instruments; profiles of later passes say whose it is. What was alive at the top is
 * charged to the site that allocated it; pages that V8 took for garbage it had not collected yet are shared out among the
 * sites by what each of them allocated; an agent's own ledger answers for memory that no profiler sees.
 */
import type { SpikePart, Suspect } from '../../reports/model.ts';
import { type CauseEvidence, nativeParts } from './cause.ts';

/** Measured growth between a spike's start and its top. */
export type SpikeGrowth = Pick<
  CauseEvidence,
  'heightBytes' | 'heapTotalGrowthBytes' | 'externalGrowthBytes' | 'codeGrowthBytes' | 'reassemblyGrowthBytes' | 'map'
>;

/** Sites by instrument, as `findSuspects` gives them; empty lists where there was no such pass. */
export interface SpikeSites {
  /** Allocated in the window and alive at its end. */
  readonly liveHeap: readonly Suspect[];
  readonly liveOffHeap: readonly Suspect[];
  /** The same in objects: `selfBytes` is their number. */
  readonly liveOffHeapCounts: readonly Suspect[];
  /** Everything allocated on the heap in the window, and outside of it. */
  readonly allocatedHeap: readonly Suspect[];
  readonly allocatedOffHeap: readonly Suspect[];
  /** Taken before the first frame and still there. */
  readonly startOffHeap: readonly Suspect[];
}

export interface Attribution {
  readonly suspects: readonly Suspect[];
  readonly parts: readonly SpikePart[];
  /** Of the height, 0..1: all that has a name, and what is known by function and line. */
  readonly namedShare: number;
  readonly linesShare: number;
}

/**
 * A buffer's keep outside the V8 heap beside its bytes: the allocator's header and rounding, V8's BackingStore and
 * ArrayBufferExtension. Measured on Node.js 26, 40,000 buffers of 1,480 bytes each: 200; of 1,900 bytes: 193.
 */
const bufferKeepBytes = 192;
const suspectsMax = 20;
const partsMax = 30;

interface Claim {
  readonly site: Suspect;
  bytes: number;
  /** Variance of the sampling, in bytes². */
  variance: number;
}

/**
 * Shares the height out. Suspects come first who answer for most of it.
 * @param ranks by `claims`: all they answer for; by `live`: what is alive of theirs, whatever garbage lies beside it
 */
export function attribute(growth: SpikeGrowth, sites: SpikeSites, ranks: 'claims' | 'live' = 'claims'): Attribution {
  const height = Math.max(1, growth.heightBytes);
  const claims = new Map<string, Claim>();
  const claim = (site: Suspect, bytes: number) => {
    if (bytes <= 0) return;
    const key = keyOf(site);
    let entry = claims.get(key);
    if (!entry) claims.set(key, (entry = { site, bytes: 0, variance: 0 }));
    entry.bytes += bytes;
    entry.variance += (bytes * site.errorShare) ** 2;
  };
  const offHeap = claimOffHeap(growth, sites, claim);
  claimHeap(growth, sites, claim);
  const parts: SpikePart[] = [...claims.values()].map(({ site, bytes }) => ({
    name: nameOf(site),
    bytes,
    named: true,
    by: knownBy(site),
  }));
  const add = (name: string, bytes: number, by: SpikePart['by'] = 'pages') =>
    void (bytes > 0 && parts.push({ name, bytes, named: true, by }));
  const ledger = ledgerBytesOf(growth, offHeap);
  add("the agent's ledger: reassembly pages", ledger, 'ledger');
  add('compiled code', codeBytesOf(growth));
  const makers: Claim[] = [];
  if (growth.map) {
    const { firstUse, allocator } = nativeParts(growth.map, ledger, offHeap + ledger);
    const tables = tablesIn(sites);
    const written = tables.length > 0 ? Math.min(firstUse, bytesOf(tables)) : firstUse;
    add(`taken at start, first written now: ${tablesOf(tables)}`, written);
    makers.push(...tableClaims(tables, written));
    add('mappings of their own: large buffers of native code, WebAssembly, pools', firstUse - written);
    add("the C allocator's arenas: native state of the runtime, rounding, fragmentation", allocator);
    add('stacks of threads', growth.map.stackBytes);
    add('written pages of programs and libraries', growth.map.imageBytes);
  }
  // Each instrument looked at another replay: together they may claim more than the line rose, and no share grows by that.
  const claimed = parts.reduce((sum, part) => sum + part.bytes, 0);
  const factor = Math.min(1, height / Math.max(1, claimed));
  const named = claimed * factor;
  const linesShare = lineBytes(parts) * (factor / height);
  if (named < height) {
    parts.push({ name: 'not accounted for', bytes: (height - named) / factor, named: false, by: 'nothing' });
  }
  return {
    suspects: ranks === 'live' ? rankedByLive(sites) : ranked([...claims.values(), ...makers], height, factor),
    parts: gather(parts.map((part) => ({ ...part, bytes: part.bytes * factor }))),
    namedShare: Math.min(1, named / height),
    linesShare: Math.min(1, linesShare),
  };
}

function knownBy({ file, line }: Suspect): SpikePart['by'] {
  return file !== '' && line > 0 ? 'line' : 'function';
}

function lineBytes(parts: readonly SpikePart[]): number {
  return parts.reduce((sum, { by, bytes }) => (by === 'line' ? sum + bytes : sum), 0);
}

/** Shares out what was merely allocated. @param scale from sampled bytes to those that were measured */
export function attributeAllocated(sites: readonly Suspect[], scale: number, heightBytes: number): Attribution {
  const height = Math.max(1, heightBytes);
  const shown = sites.map((site) => ({
    ...site,
    selfBytes: site.selfBytes * scale,
    totalBytes: site.totalBytes * scale,
  }));
  const named = bytesOf(shown);
  const parts: SpikePart[] = shown.map((site) => ({
    name: nameOf(site),
    bytes: site.selfBytes,
    named: true,
    by: knownBy(site),
  }));
  const linesShare = Math.min(1, lineBytes(parts) / height);
  if (named < height) parts.push({ name: 'not accounted for', bytes: height - named, named: false, by: 'nothing' });
  return {
    suspects: shown.slice(0, suspectsMax).map((site) => ({ ...site, share: Math.min(1, site.selfBytes / height) })),
    parts: gather(parts),
    namedShare: Math.min(1, named / height),
    linesShare,
  };
}

/** @returns bytes claimed */
function claimOffHeap(growth: SpikeGrowth, sites: SpikeSites, claim: (site: Suspect, bytes: number) => void): number {
  const counts = new Map(sites.liveOffHeapCounts.map((site) => [keyOf(site), site.selfBytes]));
  const live = bytesOf(sites.liveOffHeap);
  const native = growth.map ? Math.max(0, growth.map.allocatorBytes + growth.map.blockBytes) : Number.POSITIVE_INFINITY;
  // Of what V8 counts, only what was written to is resident.
  const known = growth.map ? Math.max(growth.externalGrowthBytes ?? 0, live) : (growth.externalGrowthBytes ?? live);
  const measured = Math.min(known, native);
  // Another replay may have held more for a moment: no site answers for more than was measured.
  const scale = live > measured && measured > 0 ? measured / live : 1;
  let claimed = 0;
  for (const site of sites.liveOffHeap) {
    const bytes = (site.selfBytes + (counts.get(keyOf(site)) ?? 0) * bufferKeepBytes) * scale;
    claim(site, bytes);
    claimed += bytes;
  }
  // Buffers that are garbage, but not freed yet, belong to whoever makes most of them; so do those
  // that a replay slowed down by its instrument had let go by the time it was looked at (what times out does).
  const garbage = growth.externalGrowthBytes === null ? 0 : Math.max(0, measured - live);
  claimed += shareOut(garbage, sites.allocatedOffHeap, claim);
  return claimed;
}

function claimHeap(growth: SpikeGrowth, sites: SpikeSites, claim: (site: Suspect, bytes: number) => void): void {
  const live = bytesOf(sites.liveHeap);
  const measured = growth.map
    ? Math.max(0, growth.map.heapBytes)
    : Math.max(0, (growth.heapTotalGrowthBytes ?? live) - codeBytesOf(growth));
  const scale = live > measured && measured > 0 ? measured / live : 1;
  for (const site of sites.liveHeap) claim(site, site.selfBytes * scale);
  shareOut(Math.max(0, measured - live), sites.allocatedHeap, claim);
}

/** A ledger's bytes that are also some site's buffers count once. */
function ledgerBytesOf({ reassemblyGrowthBytes }: SpikeGrowth, offHeap: number): number {
  return Math.max(0, (reassemblyGrowthBytes ?? 0) - offHeap);
}

function codeBytesOf({ map, codeGrowthBytes }: SpikeGrowth): number {
  return Math.max(0, map ? map.codeBytes : (codeGrowthBytes ?? 0));
}

/** What is large enough to be mapped rather than cut from an arena. */
const tableBytesMin = 128 << 10;
const tablesNamed = 3;

const tablesIn = ({ startOffHeap }: SpikeSites) => startOffHeap.filter(({ selfBytes }) => selfBytes >= tableBytesMin);

/** Of a spike, what was taken before the first frame and is written to for the first time in it. */
export function firstWrittenBytes(growth: SpikeGrowth, sites: SpikeSites): number {
  if (!growth.map) return 0;
  const offHeap = claimOffHeap(growth, sites, () => {});
  const ledger = ledgerBytesOf(growth, offHeap);
  const { firstUse } = nativeParts(growth.map, ledger, offHeap + ledger);
  return Math.min(firstUse, bytesOf(tablesIn(sites)));
}

/** Who took the room that is written to for the first time now. Which of it is written nobody sees: each has its share by size. */
function tableClaims(tables: readonly Suspect[], written: number): Claim[] {
  const all = bytesOf(tables);
  if (all <= 0 || written <= 0) return [];
  return tables.map((site) => {
    const share = site.selfBytes / all;
    // Of one table all is its own; of several, as much may be the others'.
    return { site, bytes: written * share, variance: (written * share * (1 - share)) ** 2 };
  });
}

/** The largest of what was taken at start, in words. */
function tablesOf(tables: readonly Suspect[]): string {
  if (tables.length === 0) return 'tables and pools';
  const largest = tables.toSorted((a, b) => b.selfBytes - a.selfBytes);
  const named = largest.slice(0, tablesNamed).map(({ file, line, functionName }) => `${file}:${line} ${functionName}`);
  return named.join(', ') + (tables.length > named.length ? `, ${tables.length - named.length} more` : '');
}

function shareOut(bytes: number, sites: readonly Suspect[], claim: (site: Suspect, bytes: number) => void): number {
  const all = bytesOf(sites);
  if (all <= 0) return 0;
  for (const site of sites) claim(site, (bytes * site.selfBytes) / all);
  return bytes;
}

/** @param factor brings all claims together down to the height */
function ranked(claims: readonly Claim[], height: number, factor: number): Suspect[] {
  return claims
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, suspectsMax)
    .map(({ site, bytes: claimed, variance }) => {
      const bytes = claimed * factor;
      return {
        ...site,
        selfBytes: bytes,
        totalBytes: Math.max(bytes, site.selfBytes > 0 ? (site.totalBytes * bytes) / site.selfBytes : bytes),
        share: Math.min(1, bytes / height),
        errorShare: Math.sqrt(variance) / claimed,
      };
    });
}

/** Who made what stays: the share is of that, and not of a height that garbage is part of. */
function rankedByLive({ liveHeap, liveOffHeap }: SpikeSites): Suspect[] {
  const sites = [...liveHeap, ...liveOffHeap].sort((a, b) => b.selfBytes - a.selfBytes);
  const all = Math.max(1, bytesOf(sites));
  return sites.slice(0, suspectsMax).map((site) => ({ ...site, share: site.selfBytes / all }));
}

/** Largest first; the small ones together. */
function gather(parts: readonly SpikePart[]): SpikePart[] {
  const sorted = [...parts].sort((a, b) => b.bytes - a.bytes);
  const rest = sorted.slice(partsMax).reduce((sum, part) => sum + part.bytes, 0);
  const kept = sorted.slice(0, partsMax);
  if (rest > 0)
    kept.push({ name: `${sorted.length - partsMax} smaller sites`, bytes: rest, named: true, by: 'function' });
  return kept;
}

/** By the sites' own bytes. */
export function bytesOf(sites: readonly Suspect[]): number {
  return sites.reduce((sum, site) => sum + site.selfBytes, 0);
}

/** Of a site's lines any may be the costliest in one profile or another: a function is one site. */
function keyOf({ where, file, functionName }: Suspect): string {
  return `${where}\0${file}\0${functionName}`;
}

function nameOf({ where, file, line, functionName }: Suspect): string {
  return `${where}: ${file === '' ? '(runtime)' : `${file}:${line}`} ${functionName}`;
}
