/** A capture by one thread: its parts opened in the order of their privileges, run, closed whatever happened. */
import type { Agent } from '../agent.ts';
import { Governor } from '../governor/governor.ts';
import {
  boundYoungGeneration,
  collectGarbage,
  expectLargeHeap,
  heapShare,
  processGauges,
} from '../governor/process-memory.ts';
import { describeNotDecoded, notDecoded } from '../http/not-decoded.ts';
import { type AgentLimits, deriveLimits, limitTable } from '../limits.ts';
import { Pressure } from '../tcp/limits.ts';
import type { ObserveServer } from '../telemetry/observe-server.ts';
import { type CaptureFlags, readsFile } from './capture-options.ts';
import {
  describeGroup,
  limitOptions,
  observeCounters,
  openAgent,
  openCapture,
  openObserve,
  openOverload,
  readGroup,
} from './capture-parts.ts';
import { IdleMemory } from './idle-memory.ts';
import { nowMs } from './monotonic-clock.ts';
import { report, reportEnd, reportPressure } from './notices.ts';
import { Outputs } from './outputs.ts';

/** @returns the frames there were. @throws FloodgateError when it cannot run or cannot go on. */
export async function runCapture(flags: CaptureFlags, version: string): Promise<number> {
  boundYoungGeneration();
  if (!readsFile(flags)) expectLargeHeap();
  const group = readGroup(flags);
  const limits = deriveLimits(limitOptions(flags, group));
  const lockstep = flags.lockstep ? new (await import('./lockstep.ts')).Lockstep(flags) : null;
  const source = lockstep?.source ?? (await openCapture(flags, limits));
  const clock = lockstep?.nowMs ?? nowMs;
  try {
    const outputs = new Outputs(flags, limits, version, null, clock);
    await outputs.open();
    const agent = openAgent(flags, limits, source, outputs, clock);
    const idleMemory = new IdleMemory(clock);
    const governor = govern({ limits, agent, outputs, idleMemory, clock });
    const overload = await openOverload(flags, group, source, outputs, () => governor.share);
    let server: ObserveServer | null = null;
    const counters = () => ({
      ...agent.counters(),
      ...outputs.counters(),
      ...observeCounters(server),
      ...governor.snapshot(),
      ...overload?.snapshot(),
      ...processGauges(),
    });
    for (const line of describeGroup(flags, group)) report(line);
    report(limitTable(limits));
    const read = () => ({ counters: counters(), interfaces: source.stats() });
    server = await openObserve(flags, read, outputs.ownTraffic);
    // Devices, ports and output files are open by now: what is parsed from here on is whatever the network sends.
    if (flags.interface) {
      const { dropPrivileges } = await import('../capture/sys/privileges.ts');
      const notice = dropPrivileges(flags.user ?? null, (uid, gid) => outputs.giveTo(uid, gid));
      if (notice !== null) report(notice);
    }
    const sample = () => outputs.stats?.sample(Date.now(), counters());
    const sampleGauges = () => outputs.stats?.sample(Date.now(), agent.gauges());
    const timer = flags.statsIntervalMs === undefined ? undefined : setInterval(sample, flags.statsIntervalMs);
    // Once, and to the end: a first signal while files are closed leaves none half written, a second always ends at once.
    const onSignal = () => agent.stop();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
    // Everything is loaded.
    if (!readsFile(flags)) idleMemory.giveBack();
    if (flags.interface) report(`capturing on ${flags.interface.join(', ')}`);
    if (lockstep !== null)
      report('lockstep: goes by the bytes it reads, with seeds known to all: for measurements only');
    try {
      outputs.upload?.upload.start();
      await agent.run(() => {
        governor.check();
        overload?.check();
        idleMemory.check();
        lockstep?.turn(sampleGauges);
        if (outputs.check()) agent.stop();
      });
    } finally {
      clearInterval(timer);
      agent.finish();
      lockstep?.end(sampleGauges);
      const ended = { ...agent.counters(), ...overload?.snapshot() };
      const seen = notDecoded(ended, agent.serverNames);
      const sentence = describeNotDecoded(seen);
      await outputs.close(flags.uploadDrainMs, sentence);
      outputs.stats?.final(Date.now(), counters(), source.stats(), seen);
      reportEnd(source.stats(), sentence, ended);
      server?.close();
    }
    outputs.check();
    await outputs.requireDelivered();
    return source.stats().reduce((sum, each) => sum + each.framesReceived, 0);
  } finally {
    source.close();
  }
}

interface Governed {
  readonly limits: AgentLimits;
  readonly agent: Agent;
  readonly outputs: Outputs;
  readonly idleMemory: IdleMemory;
  readonly clock: () => number;
}

function govern({ limits, agent, outputs, idleMemory, clock }: Governed): Governor {
  return new Governor({
    ceilingBytes: limits.ceilingBytes,
    nowMs: clock,
    residentBytes: () => process.memoryUsage.rss(),
    heapShare,
    collect: () => {
      idleMemory.giveBack();
      collectGarbage();
    },
    apply: (level) => {
      reportPressure(limits.ceilingBytes, level);
      agent.setPressure(level);
      if (outputs.har !== null) outputs.har.shedBodies = level >= Pressure.shedBodies;
    },
  });
}
