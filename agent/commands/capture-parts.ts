/** The parts of a capture, each opened as its flags say; by one thread, or by each of several. */
import { Agent } from '../agent.ts';
import type { PageCredit } from '../bounded/page-credit.ts';
import { isCompressedFile } from '../capture/file-source.ts';
import type { CaptureStats, FrameSource } from '../capture/frame-source.ts';
import { openRecorded } from '../capture/open-recorded.ts';
import { placePages, placePagesQuietly } from '../capture/sys/page-memory.ts';
import { randomWords } from '../capture/sys/random-words.ts';
import { FloodgateError } from '../errors.ts';
import type { OwnTraffic } from '../filter/own-traffic.ts';
import { type AgentLimits, groupBytesRoomy, type LimitOptions } from '../limits.ts';
import { type GroupLimits, groupLimits } from '../overload/control-group.ts';
import type { Overload } from '../overload/overload.ts';
import type { Counters } from '../stats.ts';
import { networkPolicies, overlapPolicies, urgentPolicies } from '../tcp/limits.ts';
import type { ObserveServer } from '../telemetry/observe-server.ts';
import { type CaptureFlags, lastStage, readsFile } from './capture-options.ts';
import { nowMs } from './monotonic-clock.ts';
import { report } from './notices.ts';
import type { Outputs } from './outputs.ts';

/** In place of random words, which keep attackers from choosing addresses that collide: hence for measurements only. */
const lockstepSeed = [0x666c_6f6f, 0x6467_6174] as const;

/** @param group of this process */
export function limitOptions(flags: CaptureFlags, group: GroupLimits): LimitOptions {
  return {
    memoryBytes: flags.memory,
    ceilingBytes: flags.memoryCeiling,
    groupBytes: group.memoryBytes,
    sampled: samplesExchanges(flags),
    pages: flags.pages,
    pagesPerConnection: flags.pagesPerConnection,
    streams: flags.streams,
    streamTimeoutSeconds: flags.streamTimeoutSeconds,
    httpLengthMax: flags.maxHttpLength,
    decodedLengthMax: flags.maxDecodedLength,
    ackSlackPackets: flags.ackSlack,
    rings: new Set(flags.interface ?? []).size,
    ringBytes: flags.ringSize,
    dedup: flags.dedup,
    upload: flags.upload !== undefined,
    // Of standard input it shows only later; the harness writes into it what is not.
    compressed: flags.read === '-' ? !flags.lockstep : readsFile(flags) && isCompressedFile(flags.read!),
    expressionSets: [flags.allowHost, flags.excludeHost, flags.allowPath, flags.excludePath].filter(Boolean).length,
    spool: flags.spool !== undefined,
  };
}

/** Whether exchanges can be left out under overload: witnesses of live traffic. */
function samplesExchanges(flags: CaptureFlags): boolean {
  return (flags.interface ?? []).length > 0 && lastStage(flags) === 'witnesses';
}

/** For measurements that must repeat the machine has no say. */
export function readGroup(flags: CaptureFlags): GroupLimits {
  return flags.lockstep ? { cpuShare: null, memoryBytes: null } : groupLimits();
}

/** Null where nothing is ever left out: nothing is live, or no witnesses are made. */
export async function openOverload(
  flags: CaptureFlags,
  group: GroupLimits,
  source: FrameSource,
  outputs: Outputs,
  memoryShare: () => number,
  say: (line: string) => void = report,
): Promise<Overload | null> {
  const { sampler } = outputs;
  if (sampler === null || source.load === undefined) {
    if (flags.cpu === undefined) return null;
    throw new FloodgateError('cpu-refused', '--cpu is for witnesses of live traffic: nothing else can be left out', {
      hint: 'leave --cpu out, or capture from an --interface with --witnesses or --upload; a recording is read at its pace',
    });
  }
  const { Overload } = await import('../overload/overload.ts');
  const [low, high] = randomWords(2);
  // Not imported: it takes 8 ms of CPU, and a file that is read needs none of it.
  const { performance } = process.getBuiltinModule('node:perf_hooks');
  const overload = new Overload({
    load: source.load,
    sampler,
    cpuMax: flags.cpu ?? group.cpuShare,
    nowMs,
    epochMs: Date.now,
    cpuUs: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    loop: () => performance.eventLoopUtilization(),
    memoryShare,
    key: [low!, high!],
    report: say,
  });
  outputs.overloadMark = () => overload.mark;
  return overload;
}

/** What the agent may take, and who says so. */
export function describeGroup(flags: CaptureFlags, { cpuShare, memoryBytes }: GroupLimits): string[] {
  const percent = (share: number) => `${Number((share * 100).toFixed(1))} % of a core`;
  const lines: string[] = [];
  if (samplesExchanges(flags)) {
    const limit = flags.cpu ?? cpuShare;
    const said = flags.cpu === undefined ? 'the control group' : '--cpu';
    lines.push(
      `cpu: ${limit === null ? 'as much as there is (no --cpu, and no control group limits it)' : `${percent(limit)} (${said})`}`,
    );
  }
  if (memoryBytes !== null && flags.memory === undefined && memoryBytes < groupBytesRoomy) {
    lines.push(`memory: the control group allows ${(memoryBytes / 1e6).toFixed(0)} MB`);
  }
  return lines;
}

/** @param fanoutGroup of the first interface, where several threads share the traffic; the others' follow */
export async function openCapture(
  flags: CaptureFlags,
  limits: AgentLimits,
  fanoutGroup: number | null = null,
): Promise<FrameSource> {
  if (flags.read !== undefined && flags.interface === undefined) return openRecorded(flags.read, flags.filter);
  const { openSource } = await import('../capture/open.ts');
  return openSource({
    read: flags.read ?? null,
    interfaces: flags.interface ?? [],
    filter: flags.filter ?? null,
    promiscuous: flags.promiscuous,
    direction: flags.direction,
    ...(flags.snapLength === undefined ? {} : { snapLength: flags.snapLength }),
    ...(limits.ringBytes === 0 ? {} : { ringBytes: limits.ringBytes }),
    fanout: fanoutGroup === null ? null : { group: fanoutGroup, mode: 'hash' },
    onNotice: report,
  });
}

export function openAgent(
  flags: CaptureFlags,
  limits: AgentLimits,
  source: FrameSource,
  outputs: Outputs,
  clock: () => number,
  pageCredit: PageCredit | null = null,
): Agent {
  const [low, high] = flags.lockstep ? lockstepSeed : randomWords(2);
  return new Agent({
    source,
    limits,
    placePages: readsFile(flags) ? placePagesQuietly : placePages,
    pageCredit,
    networks: networkPolicies[flags.separateNetworks ?? 'auto'],
    urgent: urgentPolicies[flags.urgentData ?? 'out-of-band'],
    overlap: overlapPolicies[flags.overlap ?? 'first'],
    verifyChecksums: flags.verifyChecksums ?? false,
    until: outputs.until,
    messageHandlers: (agent) => outputs.handlers(agent),
    bodies: outputs.bodies,
    hashSeed: [low!, high!],
    nowMs: clock,
    nowUs: (flags.interface ?? []).length > 0 ? () => Date.now() * 1000 : null,
  });
}

/** What became of connections to `--observe-listen`; nothing where there is none. */
export function observeCounters(server: ObserveServer | null): Counters {
  if (server === null) return {};
  const { connectionsEvicted, connectionsRefused } = server.counters;
  return { 'observe.connectionsEvicted': connectionsEvicted, 'observe.connectionsRefused': connectionsRefused };
}

export async function openObserve(
  flags: CaptureFlags,
  read: () => { counters: Counters; interfaces: readonly CaptureStats[] },
  own: OwnTraffic | null,
): Promise<ObserveServer | null> {
  if (flags.observeListen === undefined) return null;
  const { ObserveServer } = await import('../telemetry/observe-server.ts');
  const server = await ObserveServer.open(flags.observeListen, read);
  if (own !== null) (await import('./delivery.ts')).addListener(own, server.address);
  report(`metrics on ${server.url}/metrics, profiles on ${server.url}/debug/pprof/`);
  return server;
}
