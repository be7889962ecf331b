/** Whether a machine is fit to judge the figures that others on it move: time, CPU, resident memory. Allocation is the same on a busy one. Pure. */
import { formatShare } from '../../reports/format.ts';
import { findMetric } from '../metrics/table.ts';
import type { MachineReading } from '../watch/machine.ts';

/** A hypervisor that takes a hundredth moves CPU figures by as much, and unevenly. */
const stealShareMax = 0.01;
/** Of a control group held back at all, a thousandth is the noise of accounting. */
const throttledShareMax = 0.001;
/** While nothing of ours runs, others may take a tenth of one core for each there is. */
const othersShareMax = 0.1;

/** Faults that show while our own work runs. */
export function faultsDuring(before: MachineReading, after: MachineReading): string[] {
  const faults: string[] = [];
  const steal = shareOfTicks(before, after, 'steal');
  if (steal !== null && steal > stealShareMax) faults.push(`the hypervisor took ${formatShare(steal)}`);
  const throttled = shareOfTime(before.throttledMs, after.throttledMs, before, after);
  if (throttled !== null && throttled > throttledShareMax) {
    faults.push(`the control group was held back for ${formatShare(throttled)} of the time`);
  }
  return faults;
}

/** Faults that show while nothing of ours runs. */
export function faultsAtRest(before: MachineReading, after: MachineReading): string[] {
  const faults = faultsDuring(before, after);
  const idle = shareOfTicks(before, after, 'idle');
  if (idle !== null && 1 - idle > othersShareMax) faults.push(`others take ${formatShare(1 - idle)} of the processors`);
  return faults;
}

/** A share as `formatShare` writes it. */
const share = String.raw`(?:[\d.,\u2009\u202f]+ %|×\S+|∞)`;
const faultRule = new RegExp(
  `^(?:the hypervisor took ${share}|the control group was held back for ${share} of the time|others take ${share} of the processors)$`,
);

/** Whether a text is one of the faults above. */
export const isFaultOfMachine = (text: string): boolean => faultRule.test(text);

/** Whether a busy machine moves it, as the table of metrics says; of a name that it has not, nothing is trusted. */
export function isMovedByNeighbours(metric: string): boolean {
  return findMetric(metric)?.isMovedByNeighbours ?? true;
}

function shareOfTicks(before: MachineReading, after: MachineReading, kind: 'idle' | 'steal'): number | null {
  if (!before.ticks || !after.ticks) return null;
  const all = after.ticks.all - before.ticks.all;
  return all > 0 ? (after.ticks[kind] - before.ticks[kind]) / all : null;
}

function shareOfTime(
  from: number | null,
  to: number | null,
  before: MachineReading,
  after: MachineReading,
): number | null {
  const elapsedMs = after.tMs - before.tMs;
  return from === null || to === null || elapsedMs <= 0 ? null : (to - from) / elapsedMs;
}
