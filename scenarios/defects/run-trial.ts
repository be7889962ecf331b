/** The runs of the defects, and whether their reports say what is true. */
import type { RunReport, Spike } from '../../reports/model.ts';
import type { DefectTrial } from './defect-trial.ts';

/** Arguments of `floodgate` for a trial. */
export function trialArguments(trial: DefectTrial, lane: 'tap' | 'exact', out: string, withDefect = true): string[] {
  const { defect, scenario, exactSize, tapSize, tapOptions = [], until, budget, tapBudget } = trial;
  const size = lane === 'exact' ? exactSize : tapSize;
  const limit = lane === 'tap' ? (tapBudget ?? budget) : budget;
  const amount = size === undefined ? [] : ['--size', size];
  const stage = lane === 'exact' ? [] : ['--agent-until', until, ...tapOptions];
  const which = withDefect ? ['--defect', defect] : lane === 'exact' ? ['--agent-until', until] : [];
  return ['run', scenario, ...amount, ...stage, '--lane', lane, ...which, '--budget', limit, '--out', out];
}

/** The one that a report is about: the highest. */
export function mainSpike({ spikes }: RunReport): Spike | undefined {
  return [...spikes].sort((a, b) => b.heightBytes - a.heightBytes)[0];
}

export function isSuspectRight({ suspect }: DefectTrial, spike: Spike | undefined): boolean {
  const first = spike?.suspects[0];
  return first?.file === suspect.file && first.functionName === suspect.functionName;
}

/** What the parts of a spike come to, of its height: with what has no name, and without. */
export function partShares({ parts, heightBytes }: Spike): { all: number; named: number } {
  const sum = (of: Spike['parts']) => of.reduce((bytes, part) => bytes + part.bytes, 0) / heightBytes;
  return { all: sum(parts), named: sum(parts.filter(({ named }) => named)) };
}
