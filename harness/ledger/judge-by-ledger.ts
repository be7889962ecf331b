/** Judges a run by what the ledger of its project says: thresholds against baselines, then waivers. Pure. */
import { formatShare, formatValue, printable } from '../../reports/format.ts';
import type { BudgetResult, Figure, Note, RunReport } from '../../reports/model.ts';
import { limitsVerdict } from '../report/limits-verdict.ts';
import type { Baseline, Ledger, Waiver } from './ledger.ts';
import { machineClass } from './machine-class.ts';

export interface LedgerQuestion {
  /** As the project calls it. */
  readonly scenario: string;
  /** Shares by metric. */
  readonly thresholds: ReadonlyMap<string, number>;
  /** Of the scenario as it was run (`definitionOf`). */
  readonly definition: string;
  /** A day, UTC: `2026-12-31`. */
  readonly today: string;
}

/** The same report with a row a baseline, broken limits waived where a waiver says so, and the verdict that follows. */
export function judgeByLedger(report: RunReport, ledger: Ledger, question: LedgerQuestion): RunReport {
  const compared = [...question.thresholds].flatMap(([name, share]) => {
    const baselines = ledger.baselines.filter(
      ({ scenario, metric }) => scenario === question.scenario && metric === name,
    );
    return baselines.length === 0 ? [] : [baselineRow(report, baselines, share, question)];
  });
  const waivers = ledger.waivers.filter(({ scenario }) => scenario === question.scenario);
  const notes: Note[] = [];
  const budgets = [...report.budgets, ...compared].map((row) => {
    const waiver = row.state === 'over' ? waivers.find(({ metric }) => metric === row.name) : undefined;
    return waiver === undefined ? row : waived(row, waiver, question.today, notes);
  });
  for (const { metric, until } of waivers) {
    const row = budgets.find(({ name, state }) => name === metric && state !== 'pass');
    if (row === undefined)
      notes.push({ severity: 'info', text: `the waiver of ${metric} until ${until} is not needed` });
  }
  for (const metric of unthresholded(ledger, question)) {
    const text = `the baseline of ${metric} is held against nothing: it has no threshold in the configuration any more`;
    notes.push({ severity: 'warning', text });
  }
  return {
    ...report,
    budgets,
    notes: [...report.notes, ...notes],
    verdict: limitsVerdict(budgets, report.spikes, report.fault),
  };
}

/** Metrics with a baseline that no threshold reads: nobody would look at them again. */
function unthresholded({ baselines }: Ledger, { scenario, thresholds }: LedgerQuestion): Set<string> {
  const own = baselines.filter((each) => each.scenario === scenario && !thresholds.has(each.metric));
  return new Set(own.map(({ metric }) => metric));
}

/** How the note of a row begins that a baseline made: such a row is no budget of the run's own. */
const baselineWord = 'baseline ';

export function isBaselineRow({ note }: BudgetResult): boolean {
  return note.startsWith(baselineWord);
}

/** A metric beside its baseline. What cannot be compared is not measured, which is no pass. */
function baselineRow(
  report: RunReport,
  baselines: readonly Baseline[],
  share: number,
  { definition, today }: LedgerQuestion,
): BudgetResult {
  const name = baselines[0]!.metric;
  const figure = report.figures.find((each) => each.name === name);
  const machine = machineClass(report);
  const baseline = baselines.find((each) => each.machine === machine);
  const row = { name, unit: figure?.unit ?? 'count', bound: figure?.bound ?? 'max' } as const;
  const unknown = (note: string, limit: number): BudgetResult => ({
    ...row,
    limit,
    actual: null,
    ok: false,
    state: 'notMeasured',
    note,
  });
  if (baseline === undefined) {
    return unknown(
      `${baselineWord}of this machine is missing; there is one of ${printable(baselines[0]!.machine, 200)}`,
      limitOf(baselines[0]!, share, row.bound),
    );
  }
  const limit = limitOf(baseline, share, row.bound);
  const words = `${baselineWord}${formatValue(baseline.value, row.unit)} of ${baseline.accepted}, ${row.bound === 'max' ? '+' : '−'}${formatShare(share)}`;
  if (baseline.until !== undefined && baseline.until < today) {
    return unknown(`${words}: it was accepted until ${baseline.until}, accept a new one`, limit);
  }
  if (baseline.definition !== definition) {
    return unknown(`${words}: the scenario is another one since, accept a new baseline`, limit);
  }
  if (figure?.value === null || figure === undefined) return unknown(`${words}: ${whyUnknown(figure)}`, limit);
  const ok = row.bound === 'max' ? figure.value <= limit : figure.value >= limit;
  return { ...row, limit, actual: figure.value, ok, state: ok ? 'pass' : 'over', note: words };
}

/** The worst that a threshold allows. */
export function limitOf({ value }: Baseline, share: number, bound: BudgetResult['bound']): number {
  return bound === 'max' ? value * (1 + share) : value * (1 - share);
}

const whyUnknown = (figure: Figure | undefined) => figure?.note || 'the report has no figure of it';

function waived(row: BudgetResult, waiver: Waiver, today: string, notes: Note[]): BudgetResult {
  const { until, owner, reason } = waiver;
  const words = `waived until ${until} by ${printable(owner, 100)}: ${printable(reason, 200)}`;
  if (until >= today) {
    return { ...row, ok: true, state: 'waived', note: row.note === '' ? words : `${row.note}; ${words}` };
  }
  notes.push({ severity: 'warning', text: `the waiver of ${row.name} ended on ${until} (${printable(owner, 100)})` });
  return row;
}
