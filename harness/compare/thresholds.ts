/** By how much a head may be worse, metric by metric: of the configuration, the command line, or by default. */
import { FloodgateError } from '../../agent/errors.ts';
import type { Lane } from '../../reports/model.ts';
import { knownMetric } from '../metrics/known-metric.ts';
import { parseThreshold } from '../metrics/quantity.ts';
import { refuseSeveral } from '../metrics/several-at-once.ts';
import { findMetric } from '../metrics/table.ts';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import { limitsOf, targetOf } from '../project/run-arguments.ts';

/** Where nothing is said: allocation, which repeats; resident figures need more runs than anyone waits for, and are shown. */
const defaults: Readonly<Record<Lane, Readonly<Record<string, string>>>> = {
  exact: { 'allocated.perMessage': '0.5%' },
  tap: { 'allocated.perMessage': '3%' },
  load: { 'allocated.perRequest': '0.5%' },
};

/** Nobody counts the requests of what is no Node.js program: a load of so many requests allocates as a whole. */
const defaultsOfPprof = { 'allocated.bytes': '3%' } as const;

function defaultsOf(project: Project, scenario: ScenarioConfig, lane: Lane): Readonly<Record<string, string>> {
  const target = targetOf(project, scenario);
  const isPprof = target !== undefined && 'pprof' in target && target.pprof !== undefined;
  return lane === 'load' && isPprof ? defaultsOfPprof : defaults[lane];
}

/** Of a metric that is judged because somebody named it, where nothing says by how much. */
const namedDefault = '5%';

/**
 * @param only these metrics are judged, whatever else has a threshold; empty: all that have one
 * @throws FloodgateError `option-invalid` for an unknown metric, with the nearest, or for what is no share
 */
export function thresholdsOf(
  project: Project,
  scenario: ScenarioConfig,
  lane: Lane,
  environment: string | undefined,
  given: readonly string[],
  only: readonly string[] = [],
): Map<string, number> {
  for (const name of only) if (!findMetric(name)) refuseSeveral(name, '--metric');
  const configured = limitsOf(project, scenario, 'thresholds', environment);
  const typed = given.map(typedThreshold);
  const all = { ...configured, ...Object.fromEntries(typed) };
  const usual = defaultsOf(project, scenario, lane);
  const entries =
    only.length > 0
      ? only.map((name) => [name, all[name] ?? usual[name] ?? namedDefault] as const)
      : Object.entries(Object.keys(all).length > 0 ? all : usual);
  return new Map(entries.map(([name, value]) => [checked(name), shareOf(name, value)]));
}

/**
 * The same of a comparison.
 * @throws FloodgateError `option-invalid` for a metric that no comparison measures, too
 */
export function comparedThresholds(...asked: Parameters<typeof thresholdsOf>): Map<string, number> {
  const thresholds = thresholdsOf(...asked);
  const [, scenario, lane] = asked;
  for (const name of thresholds.keys()) {
    const metric = findMetric(name);
    if (metric?.uncompared !== undefined)
      throw notJudged(name, metric.uncompared, `Write it as a budget: --budget ${name}=… .`);
    const { lanes, ofRequests = false } = metric ?? {};
    if (ofRequests && scenario.requests === undefined) {
      const why = `scenario "${scenario.name}" sends no recorded requests, which alone it is measured by`;
      throw notJudged(name, why, `${giveElsewhere} ("requests": a capture or HAR file).`);
    }
    // A target may take frames in a lane that nothing names.
    const isFed = scenario.load === undefined && scenario.requests === undefined;
    if (lanes === undefined || lanes.includes(lane) || (lane === 'load' && isFed)) continue;
    const why = `nothing measures it in the ${lane} lane of scenario "${scenario.name}" (${lanes.join(' and ')} alone)`;
    throw notJudged(name, why, `${giveElsewhere}.`);
  }
  return thresholds;
}

const giveElsewhere = 'Leave it out, or give it to those scenarios alone that measure it: "thresholds" of a scenario';

function notJudged(name: string, why: string, wayOut: string): FloodgateError {
  return new FloodgateError('option-invalid', `threshold: compare cannot judge ${name}: ${why}`, {
    hint: `${wayOut} --metric NAME judges others alone, whatever the configuration has; docs/metrics.md lists what compare judges.`,
  });
}

/** @throws FloodgateError `option-invalid` where nothing says by how much, and for several at once */
function typedThreshold(text: string): readonly [string, string] {
  const at = text.lastIndexOf('=');
  if (at < 0) {
    const name = knownMetric(text, { place: '--threshold: ' }).name;
    throw new FloodgateError('option-invalid', `--threshold: "${text}" does not say by how much`, {
      hint: `Write --threshold ${name}=SHARE, for example --threshold ${name}=5%; --metric ${name} takes the usual share.`,
    });
  }
  const name = text.slice(0, at);
  if (!findMetric(name)) refuseSeveral(text, '--threshold');
  return [name, text.slice(at + 1)];
}

function checked(name: string): string {
  const hint = 'floodgate list --metrics shows them; a threshold is a share of the base, e.g. "rss.p99": "10 %".';
  return knownMetric(name, { place: 'threshold: ', hint }).name;
}

function shareOf(name: string, value: string | number): number {
  return parseThreshold(value, `threshold ${name}`);
}
