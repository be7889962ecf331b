/** The spikes of the report: found by the measuring pass, explained by those after it, aligned by frame numbers, or as explain/pass-windows.ts says. */
import { formatBytes, formatCount, formatDuration, formatValue } from '../../reports/format.ts';
import type { FlameTree, Keeper, ProfileReference, Spike, Suspect } from '../../reports/model.ts';
import { attribute, attributeAllocated, bytesOf, firstWrittenBytes } from '../explain/attribution.ts';
import { commonCaller } from '../explain/caller-above.ts';
import { classifyCause } from '../explain/cause.ts';
import { evidenceOf } from '../explain/evidence.ts';
import type { Explanation } from '../explain/explanation.ts';
import { type ExplainedWindow, liveWindowOf, wholeLive, windowOf } from '../explain/frame-windows.ts';
import { goKeeper, waitingGoroutines } from '../explain/go-keeper.ts';
import type { SettledGrowth } from '../explain/settled.ts';
import { sitesIn, sitesOf, startOf } from '../explain/spike-sites.ts';
import type { Growth, SpikeShape } from '../explain/spikes.ts';
import { flameOf } from '../explain/suspects.ts';
import type { PassResult } from '../pass/pass-result.ts';
import { together } from '../profile/arithmetic.ts';
import { type Profile, sumOf } from '../profile/profile.ts';
import type { Findings } from './findings.ts';
import { keeperOf } from './keeper.ts';
import type { Sources } from './sources.ts';

/** Saves a profile and says where, and reads sources; injected, since this file does no I/O. */
export interface SpikeFiles {
  save(name: string, profile: Profile): string;
  readonly sources: Sources;
}

/** Every spike of a run, with what explains it. */
export function spikesOf(findings: Findings, explanation: Explanation, files: SpikeFiles): Spike[] {
  return findings.spikes.map((shape, index) => {
    const spike = shape.line === 'allocated' ? allocatedSpike : residentSpike;
    return withSources(spike(findings, explanation, index, files), files.sources);
  });
}

/** Five lines around each place that a person looks at first. */
function withSources(spike: Omit<Spike, 'sources' | 'lines'>, sources: Sources): Spike {
  const [suspect] = spike.suspects;
  const { keeper } = spike;
  const places = [
    ...(keeper
      ? [{ file: keeper.file, line: keeper.line, of: 'keeper' as const, note: `kept by ${keeper.name}` }]
      : []),
    ...(suspect
      ? [{ file: suspect.file, line: suspect.line, of: 'suspect' as const, note: chargedWords(suspect) }]
      : []),
  ];
  return { ...spike, lines: null, sources: places.flatMap((place) => sources.excerpt(place) ?? []) };
}

/** Of these languages profiles know the line of a call. */
const nativeSource = /\.(go|c|cc|cpp|cxx|h|hh|hpp|rs|zig|s)$/i;

/** V8 charges what lies on the heap to a function, at its declaration; other profiles know lines. */
function chargedWords({ functionName, where, file }: Spike['suspects'][number]): string {
  const isDeclaration = where === 'heap' && !nativeSource.test(file);
  return isDeclaration ? `${functionName}, declared at` : `${functionName}, at`;
}

/** A rise of resident memory: what is in it, and who is behind that. */
function residentSpike(
  findings: Findings,
  explanation: Explanation,
  index: number,
  { save, sources }: SpikeFiles,
): Omit<Spike, 'sources' | 'lines'> {
  const { measure, found, settled } = findings;
  const shape = findings.spikes[index]!;
  const frames = findings.frames[index]!;
  const { windows } = explanation;
  const allocated = windowOf(explanation.allocations, windows.allocations?.[index] ?? frames);
  const live = settled?.isLeak
    ? wholeLive(explanation.live)
    : liveWindowOf(explanation.live, windows.live?.[index] ?? frames);
  const sites = sitesOf(allocated, live, startOf(explanation.live));
  const levels = {
    ...evidenceOf(measure, shape, live ? bytesOf(sites.liveHeap) : undefined, leakBytesOf(shape, settled)),
    isGrowthAsked: index === findings.growthSpike,
  };
  // Room that was taken at the start and is written to only now stays as well, grows with the traffic, and is no leak.
  const evidence = settled?.isNative
    ? { ...levels, leakBytes: levels.leakBytes - firstWrittenBytes(levels, sites) }
    : levels;
  const cause = classifyCause(evidence);
  const stays = live !== undefined && (cause.isLeak || cause.cause === 'live-growth');
  // What a target counts itself is held against its height; else who made what stays, whatever garbage lies beside it.
  const ranks = stays && cause.cause !== 'reassembly' ? 'live' : 'claims';
  const shared = allocated || live ? attribute(evidence, sites, ranks) : undefined;
  const [first] = shared?.suspects ?? [];
  const { retained } = explanation;
  const shown = mostOf(allocated, live, shape.heightBytes);
  return {
    ...commonOf(findings, explanation, index),
    cause: cause.cause,
    causeDetail: shape.isOfTree
      ? 'Of all processes together; what is alive in each is known by profiles alone.'
      : cause.isLeak
        ? `${slopeOf(found.growth, settled)} ${cause.detail}`
        : cause.detail,
    suspects: shared?.suspects ?? [],
    parts: shared?.parts ?? [],
    namedShare: shared?.namedShare ?? null,
    linesShare: shared?.linesShare ?? null,
    profiles: [
      ...(allocated ? savePair(allocated, 'allocations', index, save) : []),
      ...(live ? savePair(live, 'live-heap', index, save) : []),
    ],
    flame: shown && isAmongHighest(findings, index) ? flameOfWindow(shown) : null,
    retained: retained?.spike === index ? retained.classes : [],
    keeper: stays ? keeperIn(findings, explanation, index, { live, sources, likelyFile: first?.file ?? '' }) : null,
    commonCaller: stays ? callerAbove(live, first) : null,
  };
}

/** Who keeps it: by snapshots, or by the profile of live memory of a program that has none. */
function keeperIn(
  { measure, messages, settled }: Findings,
  { retained }: Explanation,
  index: number,
  { live, sources, likelyFile }: { live: ExplainedWindow; sources: Sources; likelyFile: string },
): Keeper | null {
  // What leaks all along is one thing, in however many spikes it rose.
  if (!retained || (retained.spike !== index && !settled?.isLeak))
    return (
      waitingGoroutines(live.heap.window, live.offHeap.window) ??
      goKeeper(live.heap.window, (file, line) => sources.linesOf(file)[line - 1]) ??
      null
    );
  const frames = measure.sent.column('frames').at(-1) ?? 0;
  // An agent counts messages, two of each exchange.
  const requestsPerFrame = messages === null || frames === 0 || measure.lane === 'load' ? null : messages / 2 / frames;
  const leakBytesPerFrame = settled?.isLeak && frames > 0 ? settled.keptBytes / frames : 0;
  return keeperOf({ retained, requestsPerFrame, leakBytesPerFrame, likelyFile, sources });
}

/** Only where the first suspect made little of it itself. */
function callerAbove(live: ExplainedWindow, first: Suspect | undefined): Suspect | null {
  if (!first || first.share >= callerShareMax) return null;
  const caller = commonCaller(live.heap.window, 'heap');
  return caller && !(caller.functionName === first.functionName && caller.file === first.file) ? caller : null;
}

/** A first suspect with this share needs no caller to explain it. */
const callerShareMax = 0.6;

/** Call trees make most of a report's size: only so many of the highest spikes have one. */
const flamesMax = 5;

function isAmongHighest({ spikes }: Findings, index: number): boolean {
  const { heightBytes } = spikes[index]!;
  return (
    spikes.filter((each, i) => each.heightBytes > heightBytes || (each.heightBytes === heightBytes && i < index))
      .length < flamesMax
  );
}

/** What was allocated while the traffic flowed, by who allocated it. */
function allocatedSpike(
  findings: Findings,
  explanation: Explanation,
  index: number,
  { save }: SpikeFiles,
): Omit<Spike, 'sources' | 'lines'> {
  const { heightBytes } = findings.spikes[index]!;
  const frames = findings.frames[index]!;
  const found = windowOf(explanation.allocations, explanation.windows.allocations?.[index] ?? frames);
  const allocated = found && { ...found, heap: { ...found.heap, steady: null } };
  const sites = sitesIn(allocated?.heap, 'heap');
  const known = bytesOf(sites);
  // Another pass, and sampled: its shares are those of this one's bytes.
  const scale = known > 0 ? heightBytes / Math.max(known, allocated ? sumOf(allocated.heap.window, 0) : 0) : 0;
  return {
    ...commonOf(findings, explanation, index),
    cause: 'garbage',
    causeDetail: `Allocated on the heap ${passedWords(findings.measure, findings.spikes[index]!, frames.last)}; collections took it back.`,
    ...attributeAllocated(sites, scale, heightBytes),
    profiles: allocated ? savePair(allocated, 'allocations', index, save) : [],
    flame: allocated ? flameOf(allocated.heap.window, null, allocated.heap.window.sampleTypes[0]!.type) : null,
    retained: [],
    keeper: null,
    commonCaller: null,
  };
}

/** What passed meanwhile: without frames, time. */
function passedWords({ lane }: PassResult, { heightBytes, startMs, endMs }: SpikeShape, frames: number): string {
  if (lane !== 'load') {
    return `while ${formatCount(frames)} frames passed, ${formatBytes(heightBytes / frames)} for each`;
  }
  const seconds = Math.max(1, endMs - startMs) / 1000;
  return `in ${formatDuration(endMs - startMs)} of load, ${formatBytes(heightBytes / seconds)} a second`;
}

type CommonFields = Exclude<keyof SpikeShape, 'shape' | 'isOfTree'> | 'frames' | 'streams';

function commonOf(
  { measure, spikes, frames }: Findings,
  { streams }: Explanation,
  index: number,
): Pick<Spike, CommonFields> {
  const { shape: _, isOfTree: __, ...levels } = spikes[index]!;
  return { ...levels, frames: measure.lane === 'load' ? null : frames[index]!, streams: streams[index] ?? [] };
}

/** Which part of a spike is a leak: by forced collections where they were looked at, else by the shape of its line. */
function leakBytesOf({ shape, heightBytes }: SpikeShape, settled: SettledGrowth | undefined): number {
  if (settled) return settled.isLeak ? settled.keptBytes : 0;
  return shape === 'leak' ? heightBytes : 0;
}

/** How fast it leaks, as far as that can be known. */
function slopeOf({ slope, slopeLow, slopeHigh }: Growth, settled: SettledGrowth | undefined): string {
  if (!settled) return `Grows by ${perSecond(slope)} (99 %: ${perSecond(slopeLow)} to ${perSecond(slopeHigh)}).`;
  const { isNative, keptBytes } = settled;
  const { live, livePerRequest: each } = isNative
    ? { live: settled.own ?? settled.live, livePerRequest: settled.ownPerRequest }
    : settled;
  const request = each ? `, ${formatBytes(each.slope)} a request` : '';
  const what = `After forced collections ${formatBytes(keptBytes)} more are ${isNative ? 'resident, outside every heap' : 'alive'}`;
  return `${what}: ${perSecond(live.slope)} (99 %: ${perSecond(live.low)} to ${perSecond(live.high)})${request}.`;
}

const perSecond = (bytes: number) => formatValue(bytes, 'bytesPerSecond');

/** What stayed must make up this much of a spike for its flame graph; else what was allocated is shown. */
const liveShareMin = 0.3;

function mostOf(
  allocated: ExplainedWindow | undefined,
  live: ExplainedWindow | undefined,
  heightBytes: number,
): ExplainedWindow | undefined {
  const stayed = live ? sumOf(live.heap.window, 0) + sumOf(live.offHeap.window, 0) : 0;
  return live && stayed >= liveShareMin * heightBytes ? live : (allocated ?? live);
}

function flameOfWindow({ heap, offHeap }: ExplainedWindow): FlameTree {
  const steady = heap.steady && offHeap.steady ? together(heap.steady, offHeap.steady) : heap.steady;
  return flameOf(together(heap.window, offHeap.window), steady, heap.window.sampleTypes[0]!.type);
}

function savePair(
  explained: ExplainedWindow,
  kind: 'allocations' | 'live-heap',
  index: number,
  save: SpikeFiles['save'],
): ProfileReference[] {
  const references: ProfileReference[] = [];
  for (const side of ['heap', 'offHeap'] as const) {
    for (const role of ['window', 'steady'] as const) {
      const profile = explained[side][role];
      if (!profile) continue;
      const when = role === 'steady' ? 'before' : kind === 'live-heap' ? 'top' : 'during';
      references.push({
        kind: side === 'heap' ? kind : 'off-heap',
        role: when,
        file: save(`spike-${index + 1}-${kind}${side === 'heap' ? '' : '-off-heap'}-${when}`, profile),
        format: 'pprof',
        startMs: explained.startMs,
        endMs: explained.endMs,
      });
    }
  }
  return references;
}
