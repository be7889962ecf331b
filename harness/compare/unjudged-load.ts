/** Loads that decide nothing: two versions that fail all requests allocate the same, and the changed code is never reached. Pure. */
import type { ComparedMetric } from '../../reports/comparison.ts';
import type { RunReport } from '../../reports/model.ts';
import { failuresName } from './failures.ts';
import { type Judgement, takenBack } from './judge.ts';

type Faults = Readonly<Record<'base' | 'head', readonly Pick<RunReport, 'fault'>[]>>;

/** Takes back what such a run decides, of whichever side; more failed requests are worse all the same. */
export function withoutUnjudged(judgement: Judgement, reports: Faults): Judgement {
  const note = (['base', 'head'] as const)
    .map((side) => reports[side].find(({ fault }) => fault?.exitCode === 4)?.fault?.headline)
    .map((headline, at) => headline && `${at === 0 ? 'base' : 'head'}: ${headline.replace(/\.$/, '')}`)
    .find((each) => each !== undefined);
  if (note === undefined) return judgement;
  const isKept = ({ name, decision }: ComparedMetric) =>
    decision === 'shown' || (name === failuresName && decision === 'worse');
  return takenBack(judgement, note, (metric) => !isKept(metric));
}
