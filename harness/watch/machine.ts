/** What else goes on on this machine: steal, the run queue, throttling, pressure. Whatever the kernel does not say is null. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

export interface MachineReading {
  readonly tMs: number;
  readonly cores: number;
  /** Of all processors since the start of the machine, in ticks. */
  readonly ticks: { readonly all: number; readonly idle: number; readonly steal: number } | null;
  /** Time that our control group was held back, since its start. */
  readonly throttledMs: number | null;
  /** Time that some thread waited for a processor, since the start of the machine. */
  readonly pressureMs: number | null;
}

export function readMachine(nowMs: number): MachineReading {
  const stat = textOf('/proc/stat');
  return {
    tMs: nowMs,
    cores: availableParallelism(),
    ticks: stat === undefined ? null : ticksOf(stat),
    throttledMs: scaled(numberIn(textOf('/sys/fs/cgroup/cpu.stat'), /^throttled_usec (\d+)$/m)),
    pressureMs: scaled(numberIn(textOf('/proc/pressure/cpu'), /^some .*\btotal=(\d+)$/m)),
  };
}

/** proc_stat(5): user nice system idle iowait irq softirq steal … */
function ticksOf(stat: string): MachineReading['ticks'] {
  const [, line] = /^cpu +(.+)$/m.exec(stat) ?? [];
  if (line === undefined) return null;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .map(Number);
  return { all: user + nice + system + idle + iowait + irq + softirq + steal, idle: idle + iowait, steal };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

function numberIn(text: string | undefined, pattern: RegExp): number | null {
  const digits = text === undefined ? undefined : pattern.exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}

function scaled(microseconds: number | null): number | null {
  return microseconds === null ? null : microseconds / 1000;
}
