/** The runs of a bundle that repeat, run again: the figures of the candidate beside those that were signed. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { RunReport, Unit } from '../../reports/model.ts';
import type { SignedScenario, SignoffReport } from '../../reports/signoff.ts';
import { runCell } from '../compare/cell-run.ts';
import type { VersionStore } from '../compare/version-store.ts';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import { keptIn } from '../project/kept-texts.ts';
import { isOwnAgent, runArguments, targetOf } from '../project/run-arguments.ts';
import { REDACTED_MARK } from '../redaction/redactor.ts';
import type { BundleFiles } from './bundle-room.ts';
import { projectOf } from './check-project.ts';
import { isWithin, loadRange, repeatRange } from './repeat-range.ts';
import { projectName } from './summary.ts';

export interface FigureAgain {
  readonly scenario: string;
  readonly lane: 'exact' | 'load';
  readonly metric: string;
  readonly unit: Unit;
  readonly stated: number;
  /** Null where it was not measured this time. */
  readonly again: number | null;
  /** As a share. */
  readonly range: number;
  readonly ok: boolean;
}

export interface RerunOrder {
  readonly report: SignoffReport;
  readonly project: Project;
  readonly only: readonly string[] | undefined;
  /** With the candidate active in it. */
  readonly store: VersionStore;
  /** Exists, is empty. */
  readonly workFolder: string;
  readonly signal: AbortSignal;
  readonly onStep: (text: string) => void;
}

/** @throws FloodgateError where a run cannot be run */
export async function rerun(order: RerunOrder): Promise<FigureAgain[]> {
  const figures: FigureAgain[] = [];
  for (const signed of order.report.scenarios) {
    if (order.only && !order.only.includes(signed.name)) continue;
    const scenario = order.project.scenarios.find(({ name }) => name === signed.name);
    if (!scenario) continue;
    for (const part of repeatable(signed)) {
      order.onStep(`${signed.name}: ${part.lane} lane`);
      const report = await runAgain(order, scenario, part.lane);
      figures.push(...part.figures.map((stated) => besides(stated, report, signed.name, part.lane)));
    }
  }
  return figures;
}

type Stated = Pick<FigureAgain, 'metric' | 'unit' | 'stated' | 'range'>;

/** What repeats in a scenario: its exact lane, and a load whose pairs agreed. */
function repeatable({ runs, comparisons }: SignedScenario): { lane: 'exact' | 'load'; figures: Stated[] }[] {
  const exact = runs
    .filter(({ lane, folder }) => lane === 'exact' && folder !== null)
    .flatMap(({ budgets }) =>
      budgets.flatMap(({ name, unit, actual }): Stated[] => {
        const range = repeatRange('exact', name);
        return range === null || actual === null ? [] : [{ metric: name, unit, stated: actual, range }];
      }),
    );
  const compared = comparisons.flatMap(({ result: { lane, method, metrics } }) =>
    method !== 'numbers' || lane === 'tap'
      ? []
      : metrics.flatMap(({ name, unit, headMedian, threshold }) => {
          const range = lane === 'load' ? loadRange : repeatRange(lane, name);
          if (threshold === null || headMedian === null || range === null) return [];
          return [{ lane, stated: { metric: name, unit, stated: headMedian, range } }];
        }),
  );
  const of = (lane: 'exact' | 'load') => compared.filter((each) => each.lane === lane).map(({ stated }) => stated);
  const parts = [
    { lane: 'exact' as const, figures: [...exact, ...of('exact')] },
    { lane: 'load' as const, figures: of('load') },
  ];
  return parts.filter(({ figures }) => figures.length > 0);
}

async function runAgain(order: RerunOrder, scenario: ScenarioConfig, lane: 'exact' | 'load'): Promise<RunReport> {
  const { project, store, workFolder, signal } = order;
  const out = path.join(workFolder, scenario.name, lane);
  mkdirSync(out, { recursive: true, mode: 0o700 });
  const asked = lane === 'load' ? scenario : { ...scenario, lane };
  const place = isOwnAgent(targetOf(project, scenario)) ? '--agent' : '--target-dir';
  const words = [...runArguments(project, asked, { keep: keptIn(out) }), place, store.projectFolder, '--no-explain'];
  if (lane === 'load') words.push('--repeatable');
  // Once beforehand, uncounted, as a comparison does: caches of files and of compiled code are cold in a new checkout.
  await runCell({ arguments: words, folder: project.folder, out: path.join(out, 'warm-up'), signal });
  return runCell({ arguments: words, folder: project.folder, out: path.join(out, 'run'), signal });
}

function besides(stated: Stated, report: RunReport, scenario: string, lane: 'exact' | 'load'): FigureAgain {
  const figure = report.figures.find(({ name }) => name === stated.metric)?.value;
  const again = figure ?? report.budgets.find(({ name }) => name === stated.metric)?.actual ?? null;
  return { ...stated, scenario, lane, again, ok: again !== null && isWithin(again, stated.stated, stated.range) };
}

/**
 * The project as the bundle has it, in a folder of this machine.
 * @throws FloodgateError `rerun-refused` where a command held a secret
 */
export function projectIn(files: BundleFiles, folder: string): Project {
  const text = files.get(projectName)?.toString('utf8') ?? '{}';
  if (text.includes(REDACTED_MARK)) {
    throw new FloodgateError('rerun-refused', 'a command of the scenarios held a secret, which is not in the bundle', {
      hint: 'Run it in the project’s folder, with its configuration: --config floodgate.config.yaml.',
    });
  }
  return projectOf(JSON.parse(text), folder);
}
