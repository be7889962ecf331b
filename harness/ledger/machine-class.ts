/** What two machines have in common that may be compared: a figure of one class is no baseline for another. Pure. */
import type { Environment, RunReport } from '../../reports/model.ts';

/** Machines of one kind differ by some per cent in what they reserve for firmware and kernel. */
const memoryStepBytes = 4 * 2 ** 30;

/** `linux x64, AMD EPYC 7B13, 2 cores, 24 GiB, Node.js 26, load lane`. */
export function machineClass({
  environment,
  target,
  lane,
}: Pick<RunReport, 'environment' | 'target' | 'lane'>): string {
  // The figures are the target's: its runtime counts, not floodgate's.
  const runtime = /^(\D*\d+)/.exec(target.runtime)?.[1]?.trim() ?? 'unknown runtime';
  return `${hardwareClass(environment)}, ${runtime}, ${lane} lane`;
}

/** `linux x64, AMD EPYC 7B13, 2 cores, 24 GiB`. */
export function hardwareClass({
  platform,
  arch,
  cpu,
  cores,
  memoryBytes,
}: Pick<Environment, 'platform' | 'arch' | 'cpu' | 'cores' | 'memoryBytes'>): string {
  const memory = Math.max(1, Math.round(memoryBytes / memoryStepBytes)) * 4;
  return `${platform} ${arch}, ${cpu}, ${cores} cores, ${memory} GiB`;
}
