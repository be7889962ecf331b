/**
 * What the raw data of a bundle come to: the same functions that judged the runs and the pairs judge them again. A sign-off is written with
 * what stands here, and verified with it. Pure.
 */
import { createRandom } from '../../agent/seeded-random.ts';
import type { ComparedScenario } from '../../reports/comparison.ts';
import type { Fault, Lane, RunReport, Verdict } from '../../reports/model.ts';
import {
  isComparedWithItself,
  lacksComparison,
  type SignedComparison,
  type SignedRun,
  type SignoffReport,
  wasRun,
} from '../../reports/signoff.ts';
import { minimumMetrics } from '../compare/compare-scenario.ts';
import type { LimitRule } from '../compare/judge.ts';
import { type PairedRun, runPairs, type Side } from '../compare/pairs.ts';
import { comparisonVerdict } from '../compare/verdict.ts';
import { judgeByLedger } from '../ledger/judge-by-ledger.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { unansweredOf } from '../metrics/delivery.ts';
import { worstExitCode } from '../metrics/exit-codes.ts';
import { measuredAgain } from '../report/measured-again.ts';
import type { Measurement } from '../report/measurement.ts';
import { reportAgain } from '../report/report-again.ts';
import { requestsOf } from '../report/series.ts';
import { endNoteOf } from '../report/verdict.ts';
import { answerCounters } from '../watch/answers.ts';
import { sampleSizes } from './sample-sizes.ts';

export interface RunInputs {
  readonly scenario: string;
  readonly report: RunReport;
  readonly measurement: Measurement;
  readonly ledger: Ledger;
  readonly thresholds: Readonly<Record<string, number>>;
  readonly definition: string;
  /** UTC: `2026-12-31`. */
  readonly day: string;
}

/** The report with its figures, limits and verdict as the measurement has them, and what the ledger makes of it. */
export function judgeRun(inputs: RunInputs): { report: RunReport; run: Omit<SignedRun, 'folder'> } {
  const { scenario, measurement, ledger, thresholds, definition, day } = inputs;
  const again = measuredAgain(measurement);
  const report: RunReport = {
    ...inputs.report,
    ...reportAgain(inputs.report, measurement, again.measure),
    scenario: { ...inputs.report.scenario, name: scenario },
    lane: measurement.pass.lane,
    partial: measurement.interrupted || !measurement.pass.exit.expected,
    figures: again.figures,
    budgets: again.budgets,
    fault: again.fault,
    verdict: again.verdict(inputs.report.spikes),
  };
  const fault = again.fault ?? noRequestSeen(measurement);
  const judged = judgeByLedger({ ...report, fault }, ledger, {
    scenario,
    thresholds: new Map(Object.entries(thresholds)),
    definition,
    today: day,
  });
  const { lane, command, budgets } = judged;
  const samples = sampleSizes(budgets, measurement);
  // Without a limit nothing is judged, which is no pass.
  const verdict = budgets.length > 0 || fault !== null ? judged.verdict : unlimited;
  const stated = { lane, definition, thresholds, budgets, samples, command, verdict };
  const isOdd = endNoteOf(measurement.pass, measurement.isAgent) !== undefined;
  const exitCode = isOdd ? measurement.pass.exit.code : null;
  return { report, run: { ...stated, ...(fault && { fault }), ...(exitCode !== null && { exitCode }) } };
}

const unlimited: Verdict = { ok: false, exitCode: 4, headline: 'No limit was given, so nothing was judged.' };

const noRequest =
  'No HTTP request was seen, so the limits were judged without a load (HTTP/2 is counted from Node.js 24.2 on).';

/** A service of Node.js under a load whose requests its preload counts, and the load's own report names none. */
function noRequestSeen({ pass }: Measurement): Fault | null {
  const { lane, channel, requests, answers, unanswered } = pass;
  if (lane !== 'load' || !channel.last || requests || unansweredOf(answers, unanswered).least > 0) return null;
  if ((answers?.total ?? 0) > 0 || channel.marks.some((mark) => mark.requests > 0)) return null;
  return { exitCode: 4, headline: noRequest };
}

export interface PairsInputs
  extends Pick<
    SignedComparison,
    'seed' | 'pairsMax' | 'repeats' | 'thresholds' | 'unfitPairs' | 'lastFault' | 'isCutShort' | 'mayAnswerOtherwise'
  > {
  readonly scenario: string;
  readonly lane: Lane;
  /** Of the version that judged them. @default this one's */
  readonly limitRule?: LimitRule;
  /** As many as were run. */
  readonly pairs: number;
  /** @returns undefined where there is none */
  readonly measurementOf: (side: Side, pair: number) => Measurement | undefined;
}

/** A pair that the rule asks for is not there. */
export class PairMissing extends Error {}

/** The stopping rule over the same pairs in the same order, with the same draws. @throws PairMissing */
export async function judgePairsAgain(inputs: PairsInputs): Promise<ComparedScenario> {
  const { scenario, lane, seed, pairs, unfitPairs, lastFault } = inputs;
  let begun = 0;
  return await runPairs({
    scenario,
    lane,
    repeats: inputs.repeats,
    ...(inputs.limitRule && { limitRule: inputs.limitRule }),
    mayAnswerOtherwise: inputs.mayAnswerOtherwise ?? false,
    thresholds: new Map(Object.entries(inputs.thresholds)),
    minimums: minimumMetrics(),
    pairsMax: inputs.pairsMax,
    deadlineMs: 1,
    nowMs: () => (inputs.isCutShort && begun >= pairs ? 1 : 0),
    random: createRandom(seed, scenario).fraction,
    run: async (side, name) => {
      const pair = /^(\d+)-/.exec(name)?.[1];
      // Runs that warm the machine up are not compared.
      if (pair === undefined) return nothing;
      const measurement = inputs.measurementOf(side, Number(pair));
      if (!measurement) throw new PairMissing(`${scenario}: the run ${name} is missing`);
      return pairedRun(measurement);
    },
    machine: {
      settle: async () => {},
      during: (run) => run(),
      endPair: () => {
        begun += 1;
      },
      unfitPairs,
      lastFault,
    },
    onPair: () => {},
  });
}

const nothing: PairedRun = { figures: [], budgets: [], series: [], fault: null };

function pairedRun(measurement: Measurement): PairedRun {
  const { figures, budgets, fault } = measuredAgain(measurement);
  const counters = answerCounters(measurement.pass.answers);
  const { family } = measurement.pass;
  const processes = family?.members ?? [];
  return { figures, budgets, fault, counters, family: { processes }, series: [requestsOf(measurement.pass)] };
}

const notCompared: Verdict = {
  ok: false,
  exitCode: 4,
  headline: 'It was not compared, though there is a release before it.',
};
const notRun: Verdict = { ok: false, exitCode: 4, headline: 'It was not run: it has none of the lanes.' };

/** One verdict over all: worst of the runs and the comparisons. */
export function signoffVerdict({
  release,
  candidate,
  previous,
  scenarios,
}: Pick<SignoffReport, 'release' | 'candidate' | 'previous' | 'scenarios'>): Verdict {
  const parts = scenarios.flatMap(({ name, runs, comparisons }) => [
    ...(lacksComparison({ runs, comparisons }, previous) ? [{ place: name, verdict: notCompared }] : []),
    ...(wasRun({ runs }) ? [] : [{ place: name, verdict: notRun }]),
    ...runs.map(({ lane, verdict }) => ({ place: `${name} (${lane} lane)`, verdict })),
    ...comparisons.map(({ result }) => ({
      place: `${name} (${result.lane} lane) against ${previous?.label ?? 'nothing'}`,
      verdict: comparisonVerdict([result], false),
    })),
  ]);
  const exitCode = parts.length === 0 ? 4 : worstExitCode(parts.map(({ verdict }) => verdict.exitCode));
  if (exitCode === 0) {
    const count = `${scenarios.length} ${scenarios.length === 1 ? 'scenario' : 'scenarios'}`;
    const compared =
      previous === null
        ? ', compared with no release before it'
        : isComparedWithItself({ candidate, previous })
          ? `, compared with itself (${previous.label})`
          : `, and not worse than ${previous.label}`;
    return {
      ok: true,
      exitCode,
      headline: `${release} is within its limits in ${count}${compared}${waived(scenarios)}.`,
    };
  }
  const first = parts.find(({ verdict }) => verdict.exitCode === exitCode);
  const others = parts.filter(({ verdict }) => !verdict.ok).length - 1;
  const more = others > 0 ? ` ${others} more ${others === 1 ? 'part is' : 'parts are'} no pass.` : '';
  const what = first ? sentence(`${first.place}: ${first.verdict.headline}`) : 'no scenario was run';
  return { ok: false, exitCode, headline: `${release} is not signed off: ${what}${more}` };
}

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Each waiver that was used stands in the verdict. */
function waived(scenarios: SignoffReport['scenarios']): string {
  const used = scenarios.flatMap(({ name, runs }) =>
    runs.flatMap(({ budgets }) =>
      budgets.filter(({ state }) => state === 'waived').map((row) => `${row.name} of ${name}`),
    ),
  );
  return used.length === 0 ? '' : `; waived: ${[...new Set(used)].join(', ')}`;
}
