/** The traffic of a run again, to the byte, from what its report says. */
import { FloodgateError } from '../../agent/errors.ts';
import { type RunReport, runsOf } from '../../reports/model.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import { type FoundScenario, findLibraryScenario, findScenario } from '../project/library.ts';
import { parseProfile } from '../traffic/parse-profile.ts';
import { profileEnd } from '../traffic/rate-profile.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
import { readReportFolder } from './report-command.ts';
import { withImpairments } from './run-traffic.ts';
import { withSpread } from './spread-flags.ts';
import { editOrderOf, impairOrderOf } from './traffic-flags.ts';

/** @throws FloodgateError `report-missing` */
export function runOf(folder: string, name: string | undefined): RunReport {
  const runs = runsOf(readReportFolder(folder));
  const run = name === undefined ? runs[0] : runs.find((each) => each.scenario.name === name);
  if (run) return run;
  throw new FloodgateError('report-missing', `${folder} holds no run of "${name}"`, {
    hint: `It holds ${runs.map((each) => each.scenario.name).join(', ')}.`,
  });
}

/** @throws FloodgateError where its scenario or its recording is gone */
export async function orderOfRun({ scenario }: RunReport): Promise<TrafficOrder> {
  const { recording, merge, size, loop, profile, scenarioFile } = scenario.options;
  const seed = scenario.seed ?? 0;
  const asked = impairOrderOf(scenario.options, seed);
  const profiled = profile === undefined ? undefined : parseProfile(profile);
  const rest = {
    ...(loop !== undefined && { loops: parseWhole(loop, '--loop', { min: 1, max: 1_000_000 }) }),
    edit: editOrderOf(scenario.options),
  };
  if (recording !== undefined && scenarioFile === undefined) {
    const end = profiled && profileEnd(profiled);
    const source = { kind: 'recording', path: recording, merge: merge?.split(', ') ?? [] } as const;
    return withSpread({ ...source, ...rest, end, impair: asked }, scenario.options);
  }
  const sizeBytes = size === undefined ? undefined : parseQuantity(size, '--size', 'bytes');
  const found = await scenarioOfRun(scenario);
  const source = found.order(seed, sizeBytes);
  const { pace } = found.scenario;
  const used = profiled ?? (pace.kind === 'profile' && !hasPace(scenario.options) ? pace : undefined);
  const impair = withImpairments(source.impair, asked);
  return withSpread({ ...source, ...rest, end: used && profileEnd(used), impair }, scenario.options);
}

/** What its scenario says beside the traffic. */
export function scenarioOfRun({ name, options: { scenarioFile } }: RunReport['scenario']): Promise<FoundScenario> {
  return scenarioFile === undefined ? findLibraryScenario(name) : findScenario(scenarioFile);
}

/** Whether the run had another pace than its scenario's. */
function hasPace({ speed, pps, mbps, topspeed }: Readonly<Record<string, string>>): boolean {
  return (speed ?? pps ?? mbps ?? topspeed) !== undefined;
}
