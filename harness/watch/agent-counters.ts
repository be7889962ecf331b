/** The agent's counters under the names that budgets and reports use. Pure. */
import type { StatsFile } from './stats-file.ts';

/** What is looked for in the agent's figures: the last part of a counter's dotted name. */
const gauges: Readonly<Record<string, readonly string[]>> = {
  pages: ['pagesInUse', 'pages', 'pagesUsed'],
  streams: ['streams', 'streamsOpen', 'streamsInUse'],
  overload: ['overload.level'],
};

export interface AgentGauges {
  readonly tMs: readonly number[];
  readonly pages: readonly (number | null)[];
  readonly streams: readonly (number | null)[];
  /** What was left out, by its level. */
  readonly overload: readonly (number | null)[];
}

export interface AgentCount {
  readonly requests: number | null;
  readonly responses: number | null;
  readonly requestsComplete: number | null;
  /** Final ones, where the agent counts interim ones (1xx) apart. */
  readonly responsesComplete: number | null;
  readonly interims: number | null;
  readonly framesDropped: number | null;
}

/** The value of the first of the names that is a counter's whole name or its last part; null where there is none. */
export function figureOf(values: Readonly<Record<string, number>>, names: readonly string[]): number | null {
  for (const name of names) {
    const whole = values[name];
    if (whole !== undefined) return whole;
    const key = Object.keys(values).find((each) => each.endsWith(`.${name}`));
    if (key !== undefined) return values[key]!;
  }
  return null;
}

/** Gauges over time. @param startedAtEpochMs start of the pass */
export function gaugesOf(stats: StatsFile, startedAtEpochMs: number): AgentGauges {
  return {
    tMs: stats.samples.map((sample) => sample.tsMs - startedAtEpochMs),
    pages: stats.samples.map((sample) => figureOf(sample.values, gauges.pages!)),
    streams: stats.samples.map((sample) => figureOf(sample.values, gauges.streams!)),
    overload: stats.samples.map((sample) => figureOf(sample.values, gauges.overload!)),
  };
}

/** Counters at the end; null for what the agent did not report, or could not because it died. */
export function countsOf(stats: StatsFile): AgentCount {
  const values = stats.final?.values ?? {};
  const responsesComplete = figureOf(values, ['responsesComplete', 'completeResponses']);
  const interims = figureOf(values, ['interimResponses']);
  return {
    requests: figureOf(values, ['requests']),
    responses: figureOf(values, ['responses']),
    requestsComplete: figureOf(values, ['requestsComplete', 'completeRequests']),
    responsesComplete: responsesComplete === null ? null : Math.max(0, responsesComplete - (interims ?? 0)),
    interims,
    framesDropped: sumOf(values, 'framesDropped'),
  };
}

// One counter per interface.
function sumOf(values: Readonly<Record<string, number>>, name: string): number | null {
  const found = Object.entries(values).filter(([key]) => key === name || key.endsWith(`.${name}`));
  return found.length === 0 ? null : found.reduce((sum, [, value]) => sum + value, 0);
}

/** Most reassembly pages in use at one time, by the agent's own mark; null where it says none. */
export function highestPages(stats: StatsFile): number | null {
  return figureOf(stats.final?.values ?? {}, ['pagesInUsePeak']);
}
