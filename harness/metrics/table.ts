/**
 * Every figure of a run that can have a limit: a row a metric. Budgets, figures of a report, what `--budget` takes and
 * says, and docs/metrics.md come from these rows. **Invariant**: a row that cannot know its figure says so; it never
 * reads as zero, and only a value within its limit passes. To add a metric, add a row, and its name to `metric-name.ts`.
 */
import type { Lane, Unit } from '../../reports/model.ts';
import { type AgentStage, reaches } from '../scenario/agent-stage.ts';
import type { Budget } from '../scenario/scenario.ts';
import { readSites } from './allocated-sites.ts';
import * as delivery from './delivery.ts';
import * as endpoints from './endpoints.ts';
import * as growth from './growth.ts';
import * as heap from './heap.ts';
import type { RunFigures } from './measured-run.ts';
import * as memory from './memory.ts';
import * as overload from './overload.ts';
import type { Reading } from './reading.ts';
import { requestsNeeded } from './request-window.ts';
import * as requests from './requests.ts';
import { treeMax } from './tree.ts';
import * as witnesses from './witnesses.ts';
import * as work from './work.ts';

export interface Metric {
  readonly name: string;
  readonly unit: Unit;
  /** `max`: a limit is the most that is allowed; `min`: the least. */
  readonly bound: 'max' | 'min';
  /** One line: what it is, and where it is known. */
  readonly help: string;
  readonly read: (run: RunFigures) => Reading;
  /** The first stage of our agent at which it is known; a scenario's limit on it is for agents that get so far. */
  readonly stage?: AgentStage;
  /** Why no threshold can be on it, and what there is in its place; absent where `compare` judges it. */
  readonly uncompared?: string;
  /**
   * Whether a busy machine moves it, so that `compare` waits for a fit one: time, CPU time, resident memory; what V8 frees in a thread of
   * its own (buffers); what our agent leaves out when it cannot keep up. What the program allocates, holds or answers is not moved.
   */
  readonly isMovedByNeighbours: boolean;
  /** Lanes in which it can be known; absent: all. */
  readonly lanes?: readonly Lane[];
  /** Known where recorded requests are sent alone: a load says nothing of it. @default false */
  readonly ofRequests?: boolean;
}

const slope =
  'it is a slope, near zero where nothing leaks, of which a share says nothing: a budget in bytes is judged by gate and run';
const callSites = 'compare names the call sites that changed, and judges none: a budget is judged by gate and run';

/** Of frames, and of the agent that takes them: a service under a load has neither. */
const ofFrames = ['exact', 'tap'] as const;

/** In the order of the page. */
export const metrics: readonly Metric[] = [
  {
    name: 'rss.idle',
    unit: 'bytes',
    bound: 'max',
    help: 'Resident memory before the first frame or request, the median: the fixed overhead.',
    read: memory.idle,
    isMovedByNeighbours: true,
  },
  {
    name: 'rss.mean',
    unit: 'bytes',
    bound: 'max',
    help: 'Resident memory, the mean over the time of the run.',
    read: memory.mean,
    isMovedByNeighbours: true,
  },
  {
    name: 'rss.p50',
    unit: 'bytes',
    bound: 'max',
    help: 'Resident memory that half of the time was spent at or below.',
    read: (run) => memory.atPercentile(run, 0.5),
    isMovedByNeighbours: true,
  },
  {
    name: 'rss.p95',
    unit: 'bytes',
    bound: 'max',
    help: 'Resident memory that 95 % of the time was spent at or below.',
    read: (run) => memory.atPercentile(run, 0.95),
    isMovedByNeighbours: true,
  },
  {
    name: 'rss.p99',
    unit: 'bytes',
    bound: 'max',
    help: 'Resident memory that 99 % of the time was spent at or below; takes 1,000 readings.',
    read: (run) => memory.atPercentile(run, 0.99),
    isMovedByNeighbours: true,
  },
  {
    name: 'rss.p999',
    unit: 'bytes',
    bound: 'max',
    help: 'Resident memory that 99.9 % of the time was spent at or below; takes 10,000 readings.',
    read: (run) => memory.atPercentile(run, 0.999),
    isMovedByNeighbours: true,
  },
  {
    name: 'rss.max',
    unit: 'bytes',
    bound: 'max',
    help: 'Highest resident memory from the first frame or request on: the kernel’s own peak where it can be asked, else the highest reading.',
    read: memory.highest,
    isMovedByNeighbours: true,
  },
  {
    name: 'rss.rise',
    unit: 'bytes',
    bound: 'max',
    help: 'How far resident memory rises from the first frame or request on: rss.max less rss.idle.',
    read: memory.rise,
    isMovedByNeighbours: true,
  },
  {
    name: 'pss.max',
    unit: 'bytes',
    bound: 'max',
    help: 'Highest proportional set: resident memory with shared pages divided among those that share them.',
    read: (run) => memory.ofRollup(run, 'pss'),
    isMovedByNeighbours: true,
  },
  {
    name: 'uss.max',
    unit: 'bytes',
    bound: 'max',
    help: 'Highest unique set: what would be free if the process ended.',
    read: (run) => memory.ofRollup(run, 'uss'),
    isMovedByNeighbours: true,
  },
  {
    name: 'tree.max',
    unit: 'bytes',
    bound: 'max',
    help: 'Highest memory of the target with all processes that it started, pages that they share counted once.',
    read: treeMax,
    isMovedByNeighbours: true,
  },
  {
    name: 'cgroup.max',
    unit: 'bytes',
    bound: 'max',
    help: 'Highest charge of the target’s control group, its other processes and page cache included; read every 50 ms.',
    read: memory.ofGroup,
    isMovedByNeighbours: true,
  },
  {
    name: 'growth.perSecond',
    unit: 'bytesPerSecond',
    bound: 'max',
    help: 'Growth that stays, by its 99 % interval: after forced collections in a pass of its own, else by resident memory over 20 s.',
    read: growth.growthPerSecond,
    uncompared: slope,
    isMovedByNeighbours: true,
  },
  {
    name: 'growth.perRequest',
    unit: 'bytes',
    bound: 'max',
    help: 'Memory that each request leaves behind, on the heap or off it, by its 99 % interval and what a program settles by: after forced collections in a pass of its own.',
    read: growth.growthPerRequest,
    uncompared: slope,
    isMovedByNeighbours: false,
  },
  {
    name: 'recovery.seconds',
    unit: 'seconds',
    bound: 'max',
    help: 'Longest time from the top of a spike back to its baseline, 0 without a spike.',
    read: memory.recovery,
    isMovedByNeighbours: true,
  },
  {
    name: 'heap.peakBeforeGc',
    unit: 'bytes',
    bound: 'max',
    help: 'Highest use of the heap, right before a collection or at a reading; in the exact lane once traffic flows.',
    read: heap.peakBeforeGc,
    isMovedByNeighbours: false,
  },
  {
    name: 'heap.afterGc',
    unit: 'bytes',
    bound: 'max',
    help: 'Use of the heap right after the last major collection.',
    read: heap.afterGc,
    isMovedByNeighbours: false,
  },
  {
    name: 'external.max',
    unit: 'bytes',
    bound: 'max',
    help: 'Most off-heap memory that the runtime knows of, at a reading (every 250 ms) or before a collection.',
    read: heap.external,
    isMovedByNeighbours: true,
  },
  {
    name: 'arrayBuffers.max',
    unit: 'bytes',
    bound: 'max',
    help: 'Most memory of buffers and array buffers at a reading (every 250 ms). Node.js only.',
    read: heap.arrayBuffers,
    isMovedByNeighbours: true,
  },
  {
    name: 'handles.max',
    unit: 'count',
    bound: 'max',
    help: 'Most timers, sockets, servers and requests that kept the program running, at a reading. Node.js only.',
    read: heap.handles,
    isMovedByNeighbours: false,
  },
  {
    name: 'allocated.bytes',
    unit: 'bytes',
    bound: 'max',
    help: 'Allocated on the heap, freed objects included, since the start of the target; in the exact lane by the traffic alone.',
    read: heap.allocated,
    isMovedByNeighbours: false,
  },
  {
    name: 'allocated.perMessage',
    unit: 'bytes',
    bound: 'max',
    help: 'allocated.bytes divided by the messages the agent found, or by the answers another program gave.',
    read: heap.allocatedPerMessage,
    isMovedByNeighbours: false,
  },
  {
    name: 'allocated.perRequest',
    unit: 'bytes',
    bound: 'max',
    help: `Allocated on the heap for each HTTP request that a Node.js server answered, by its worker threads and Node.js children too; takes ${requestsNeeded}.`,
    read: heap.allocatedPerRequest,
    isMovedByNeighbours: false,
  },
  {
    name: 'allocated.youngPerRequest',
    unit: 'bytes',
    bound: 'max',
    help: 'allocated.perRequest of the main thread, without what began its life in V8’s old space: that is known to 256 KiB a collection only.',
    read: heap.allocatedYoungPerRequest,
    isMovedByNeighbours: false,
  },
  {
    name: 'allocated.offHeapPerRequest',
    unit: 'bytes',
    bound: 'max',
    help: 'Allocated off the heap (buffers) for each HTTP request, by worker threads and Node.js children too; in compare and under --repeatable.',
    read: heap.allocatedOffHeapPerRequest,
    isMovedByNeighbours: false,
  },
  {
    name: 'gc.pauseP99',
    unit: 'ms',
    bound: 'max',
    help: 'Pause that 99 % of the collections were no longer than; every collection is known.',
    read: heap.pauseP99,
    isMovedByNeighbours: true,
  },
  {
    name: 'gc.share',
    unit: 'share',
    bound: 'max',
    help: 'Pauses for collections, of the time from the first frame or request to the last.',
    read: heap.gcShare,
    isMovedByNeighbours: true,
  },
  {
    name: 'cpu.seconds',
    unit: 'seconds',
    bound: 'max',
    help: 'CPU time of the target, user and system; of one that ran before, since the run began.',
    read: work.cpu,
    isMovedByNeighbours: true,
  },
  {
    name: 'cpu.perMB',
    unit: 'seconds',
    bound: 'max',
    help: 'cpu.seconds for each megabyte of frames delivered, or that a target under load read and wrote.',
    read: work.cpuPerMegabyte,
    isMovedByNeighbours: true,
  },
  {
    name: 'cpu.perMessage',
    unit: 'seconds',
    bound: 'max',
    help: 'cpu.seconds for each message the agent found, or each answer another program gave.',
    read: work.cpuPerMessage,
    isMovedByNeighbours: true,
  },
  {
    name: 'pages.max',
    unit: 'count',
    bound: 'max',
    help: 'Most reassembly pages in use at one time. The agent only.',
    read: work.pages,
    isMovedByNeighbours: false,
    lanes: ofFrames,
  },
  {
    name: 'streams.max',
    unit: 'count',
    bound: 'max',
    help: 'Most TCP streams watched, at a reading of the agent’s counters (every 250 ms). The agent only.',
    read: work.streams,
    isMovedByNeighbours: false,
    lanes: ofFrames,
  },
  {
    name: 'sender.lateP99',
    unit: 'ms',
    bound: 'max',
    help: 'How late 99 of 100 frames were sent after they were due, at most; read once for up to 64 frames. TAP lane, paced.',
    read: delivery.lateP99,
    isMovedByNeighbours: true,
    lanes: ['tap'],
  },
  {
    name: 'sender.lateMax',
    unit: 'ms',
    bound: 'max',
    help: 'The latest that any frame was sent after it was due. TAP lane, paced.',
    read: delivery.lateMax,
    isMovedByNeighbours: true,
    lanes: ['tap'],
  },
  {
    name: 'dropped.frames',
    unit: 'count',
    bound: 'max',
    help: 'Frames that did not reach the target: refused or dropped by the device, or dropped by the capture.',
    read: delivery.dropped,
    isMovedByNeighbours: true,
    lanes: ofFrames,
  },
  {
    name: 'missed.messages',
    unit: 'count',
    bound: 'max',
    help: 'Messages that were delivered whole and that the agent did not find. The agent only.',
    read: delivery.missed,
    isMovedByNeighbours: false,
    lanes: ofFrames,
  },
  {
    name: 'messages.found',
    unit: 'share',
    bound: 'min',
    help: 'Share of the messages delivered whole that the agent found. The agent only.',
    read: delivery.found,
    isMovedByNeighbours: false,
    lanes: ofFrames,
  },
  {
    name: 'extra.messages',
    unit: 'count',
    bound: 'max',
    help: 'Messages that the agent found beyond those that can have been there. The agent only.',
    read: delivery.extra,
    isMovedByNeighbours: false,
    lanes: ofFrames,
  },
  {
    name: 'witnesses.missing',
    unit: 'count',
    bound: 'max',
    help: 'Exchanges delivered whole of which the collector has no witness, and no named policy of the agent says why.',
    read: witnesses.missing,
    stage: 'upload',
    isMovedByNeighbours: false,
    lanes: ofFrames,
  },
  {
    name: 'witnesses.stored',
    unit: 'share',
    bound: 'min',
    help: 'Share of the exchanges delivered whole of which the collector stored a witness with both halves.',
    read: witnesses.stored,
    stage: 'upload',
    isMovedByNeighbours: true,
    lanes: ofFrames,
  },
  {
    name: 'bodies.cut',
    unit: 'count',
    bound: 'max',
    help: 'Bodies that were delivered whole and are not whole in their witness: over a limit, shed for memory, or not decoded. The agent only.',
    read: witnesses.bodiesCut,
    stage: 'witnesses',
    isMovedByNeighbours: true,
    lanes: ofFrames,
  },
  {
    name: 'overload.level',
    unit: 'count',
    bound: 'max',
    help: 'Highest level of overload: 0 nothing is left out, 1 bodies, 2 witnesses, 3 all but framing, 4 connections. The agent only.',
    read: overload.level,
    stage: 'witnesses',
    isMovedByNeighbours: true,
    lanes: ofFrames,
  },
  {
    name: 'exchanges.shed',
    unit: 'count',
    bound: 'max',
    help: 'Exchanges of which the agent made no witness because it could not keep up. The agent only.',
    read: overload.exchangesShed,
    stage: 'witnesses',
    isMovedByNeighbours: true,
    lanes: ofFrames,
  },
  {
    name: 'exchanges.witnessed',
    unit: 'share',
    bound: 'min',
    help: 'Share of the exchanges seen that the agent made a witness of. The agent only.',
    read: overload.witnessed,
    stage: 'witnesses',
    isMovedByNeighbours: true,
    lanes: ofFrames,
  },
  {
    name: 'bodies.shed',
    unit: 'count',
    bound: 'max',
    help: 'Witnesses whose bodies the agent left out, wholly or from their middle on, because it could not keep up. The agent only.',
    read: overload.bodiesShed,
    stage: 'witnesses',
    isMovedByNeighbours: true,
    lanes: ofFrames,
  },
  {
    name: 'endpoints.missing',
    unit: 'count',
    bound: 'max',
    help: 'Endpoints (method, host, path) sent of which the collector has no witness. Traffic that counts its endpoints only.',
    read: endpoints.missing,
    stage: 'upload',
    isMovedByNeighbours: true,
    lanes: ofFrames,
  },
  {
    name: 'endpoints.held',
    unit: 'share',
    bound: 'min',
    help: 'Share of the endpoints whose true count lies in the interval of 99 % that the weights of their witnesses give.',
    read: endpoints.held,
    stage: 'upload',
    isMovedByNeighbours: true,
    lanes: ofFrames,
  },
  {
    name: 'collector.rssMax',
    unit: 'bytes',
    bound: 'max',
    help: 'Highest resident memory of the collector that the agent uploads to, by the kernel’s own peak.',
    read: witnesses.collectorPeak,
    stage: 'upload',
    isMovedByNeighbours: true,
    lanes: ofFrames,
  },
  {
    name: 'requests.failed',
    unit: 'count',
    bound: 'max',
    help: 'Requests without a whole answer, but for those in flight as the load ends, and statuses other than 2xx; of recorded ones, errors and answers that were none.',
    read: delivery.failed,
    isMovedByNeighbours: false,
  },
  {
    name: 'requests.different',
    unit: 'count',
    bound: 'max',
    help: 'Recorded requests whose answer has another status or length than the recorded one, or did not come.',
    read: requests.different,
    isMovedByNeighbours: false,
    ofRequests: true,
  },
  {
    name: 'requests.late',
    unit: 'ms',
    bound: 'max',
    help: 'Delay against the recorded times that 99 % of the recorded requests were sent within, waits for the service included.',
    read: requests.late,
    isMovedByNeighbours: true,
    ofRequests: true,
  },
  {
    name: 'requests.unsent',
    unit: 'count',
    bound: 'max',
    help: 'Requests of the recording that were not sent: damaged or not captured, and connections in TLS or HTTP/2, one each; in each round of --loop.',
    read: requests.unsent,
    isMovedByNeighbours: false,
    ofRequests: true,
  },
];

/** Rows whose names hold a call-site pattern: `share:agent/tcp/**`, `bytes:agent/digest/**#hashOf`. */
export const sitePatternMetrics = [
  {
    prefix: 'share',
    unit: 'share',
    help: 'Share of what was allocated while traffic flowed, by the call sites that match; a pass of its own samples them.',
    uncompared: callSites,
    isMovedByNeighbours: false,
  },
  {
    prefix: 'bytes',
    unit: 'bytes',
    help: 'Bytes allocated while traffic flowed, on and off the heap, by the call sites that match.',
    uncompared: callSites,
    isMovedByNeighbours: false,
  },
] as const;

const byName = new Map(metrics.map((metric) => [metric.name, metric]));

/** The row of a name; undefined where there is none. */
export function findMetric(name: string): Metric | undefined {
  const row = byName.get(name);
  if (row) return row;
  const pattern = sitePatternMetrics.find(
    ({ prefix }) => name.startsWith(`${prefix}:`) && name.length > prefix.length + 1,
  );
  if (!pattern) return undefined;
  const { prefix, unit, help, uncompared, isMovedByNeighbours } = pattern;
  const sites = name.slice(prefix.length + 1);
  const read: Metric['read'] = (run) => readSites(run.sites, prefix, sites);
  return { name, unit, bound: 'max', help, uncompared, isMovedByNeighbours, read };
}

/** Whether a limit on this name takes a pass that samples allocations. */
export function takesSites(name: string): boolean {
  return sitePatternMetrics.some(({ prefix }) => name.startsWith(`${prefix}:`));
}

/** Whether a limit on this name takes the pass that forces collections. */
export function takesSettled(name: string): boolean {
  return name.startsWith('growth.');
}

/** Names as they are listed: `rss.p99`, …, `share:<call-site pattern>`. */
export function metricNames(): string[] {
  return [...byName.keys(), ...sitePatternMetrics.map(({ prefix }) => `${prefix}:<call-site pattern>`)];
}

/** A scenario's budget without limits that an agent which ends after this stage cannot know. @param stage undefined: no agent of ours */
export function budgetUntil(budget: Budget, stage: AgentStage | undefined): Budget {
  const isKnown = (needed: AgentStage | undefined) =>
    needed === undefined || (stage !== undefined && reaches(stage, needed));
  return Object.fromEntries(Object.entries(budget).filter(([name]) => isKnown(byName.get(name)?.stage)));
}
