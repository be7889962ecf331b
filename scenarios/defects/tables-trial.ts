/** What the bench of defects found, as the tables of docs/explain.md. */
import type { CauseClass } from '../../reports/model.ts';
import { defectTrials } from './defect-trial.ts';

export interface DefectRow {
  readonly defect: string;
  readonly lane: 'exact' | 'tap';
  readonly isSuspectRight: boolean;
  readonly isCauseRight: boolean;
  readonly suspect: string;
  readonly share: number;
  readonly heightBytes: number;
  readonly cause: CauseClass | 'none' | string;
  readonly namedShare: number | null;
  readonly linesShare: number | null;
  readonly keeper: string;
  /** Of each spike, what its parts come to. */
  readonly parts: readonly { readonly all: number; readonly named: number }[];
  readonly seconds: number;
  readonly day: string;
}

const percent = (share: number | null) => (share === null ? '' : `${(100 * share).toFixed(1)} %`);
const tableRow = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;

/** A summary of both lanes, the confusion table of causes, and a row for each defect and lane. */
export function defectTables(all: readonly DefectRow[]): string {
  const days = all.map(({ day }) => day).sort();
  const dates = days[0] === days.at(-1) ? days[0] : `${days[0]} to ${days.at(-1)}`;
  return [
    `\`npm run bench:defects\`, ${dates}.`,
    '',
    ...(['exact', 'tap'] as const).map((lane) => summary(all, lane)),
    ...['', 'Causes: what is true, and what the reports say (both lanes).', ''],
    ...confusion(all),
    ...['', 'A mistake is in bold.', ''],
    tableRow(['defect', 'lane', 'first suspect', 'of the spike', 'height', 'cause', 'named', 'by line', 'kept by']),
    tableRow(['---', '---', '---', '---:', '---:', '---', '---:', '---:', '---']),
    ...all.map(defectRow),
    '',
  ].join('\n');
}

function summary(all: readonly DefectRow[], lane: DefectRow['lane']): string {
  const mine = all.filter((row) => row.lane === lane);
  const suspects = mine.filter((row) => row.isSuspectRight).length;
  const causes = mine.filter((row) => row.isCauseRight).length;
  const parts = mine.flatMap((row) => row.parts);
  const most = Math.max(0, ...parts.map(({ named }) => named));
  return `- ${lane} lane: first suspect right in ${suspects} of ${mine.length}, cause right in ${causes} of ${mine.length}; parts with a name come to at most ${percent(most)} of a spike (${parts.length} spikes).`;
}

function confusion(all: readonly DefectRow[]): string[] {
  const truthOf = new Map(defectTrials.map(({ defect, causes }) => [defect, causes.join(' or ')]));
  const truths = [...new Set(truthOf.values())].sort();
  const said = [...new Set(all.map(({ cause }) => cause))].sort();
  const count = (truth: string, cause: string) =>
    all.filter((row) => truthOf.get(row.defect) === truth && row.cause === cause).length || '';
  return [
    tableRow(['is', ...said]),
    tableRow(['---', ...said.map(() => '---:')]),
    ...truths.map((truth) => tableRow([truth, ...said.map((cause) => count(truth, cause))])),
  ];
}

function defectRow(row: DefectRow): string {
  const mark = (isRight: boolean, text: string) => (isRight ? text : `**${text}**`);
  return tableRow([
    `\`${row.defect}\``,
    row.lane,
    mark(row.isSuspectRight, `\`${row.suspect.replace(/^.*\//, '')}\``),
    percent(row.share),
    `${(row.heightBytes / 1e6).toFixed(0)} MB`,
    mark(row.isCauseRight, row.cause),
    percent(row.namedShare),
    percent(row.linesShare),
    row.keeper === '' ? '' : `\`${row.keeper}\``,
  ]);
}
