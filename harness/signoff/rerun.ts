/** The runs of a bundle, run again: the figures of the candidate beside those that were signed. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { RunReport, Unit } from '../../reports/model.ts';
import type { SignoffReport } from '../../reports/signoff.ts';
import { runCell } from '../compare/cell-run.ts';
import type { VersionStore } from '../compare/version-store.ts';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import { keptIn } from '../project/kept-texts.ts';
import { isOwnAgent, runArguments, targetOf } from '../project/run-arguments.ts';
import { REDACTED_MARK } from '../redaction/redactor.ts';
import type { BundleFiles } from './bundle-room.ts';
import { projectOf } from './check-project.ts';
import { type HeldPart, heldAgain, type NotHeld } from './held-again.ts';
import { isWithin, type StatedRange } from './repeat-range.ts';
import { projectName } from './summary.ts';

export interface FigureAgain {
  readonly scenario: string;
  readonly lane: 'exact' | 'load';
  readonly metric: string;
  readonly unit: Unit;
  readonly stated: number;
  /** Null where it was not measured this time. */
  readonly again: number | null;
  /** What it may be. */
  readonly range: StatedRange;
  readonly ok: boolean;
}

export interface RunAgain {
  readonly figures: readonly FigureAgain[];
  readonly notHeld: readonly NotHeld[];
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
export async function rerun(order: RerunOrder): Promise<RunAgain> {
  const figures: FigureAgain[] = [];
  const notHeld: NotHeld[] = [];
  for (const signed of order.report.scenarios) {
    if (order.only && !order.only.includes(signed.name)) continue;
    const scenario = order.project.scenarios.find(({ name }) => name === signed.name);
    if (!scenario) continue;
    const held = heldAgain(signed);
    notHeld.push(...held.notHeld);
    for (const part of held.parts) {
      order.onStep(`${signed.name}: ${part.lane} lane`);
      const report = await runAgain(order, scenario, part);
      figures.push(...part.figures.map((stated) => besides(stated, report, signed.name, part.lane)));
    }
  }
  return { figures, notHeld };
}

async function runAgain(
  order: RerunOrder,
  scenario: ScenarioConfig,
  { lane, isRepeatable }: Omit<HeldPart, 'figures'>,
): Promise<RunReport> {
  const { project, store, workFolder, signal } = order;
  const out = path.join(workFolder, scenario.name, lane);
  mkdirSync(out, { recursive: true, mode: 0o700 });
  const asked = lane === 'load' ? scenario : { ...scenario, lane };
  const place = isOwnAgent(targetOf(project, scenario)) ? '--agent' : '--target-dir';
  const words = [...runArguments(project, asked, { keep: keptIn(out) }), place, store.projectFolder, '--no-explain'];
  if (isRepeatable) words.push('--repeatable');
  // Once beforehand, uncounted, as a comparison does: caches of files and of compiled code are cold in a new checkout.
  await runCell({ arguments: words, folder: project.folder, out: path.join(out, 'warm-up'), signal });
  return runCell({ arguments: words, folder: project.folder, out: path.join(out, 'run'), signal });
}

function besides(
  stated: HeldPart['figures'][number],
  report: RunReport,
  scenario: string,
  lane: HeldPart['lane'],
): FigureAgain {
  const figure = report.figures.find(({ name }) => name === stated.metric)?.value;
  const again = figure ?? report.budgets.find(({ name }) => name === stated.metric)?.actual ?? null;
  return { ...stated, scenario, lane, again, ok: again !== null && isWithin(again, stated.range) };
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
