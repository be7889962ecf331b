/** Stores what a command measured in the project's history. The verdict stands, whether it could be stored or not. */
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparisonReport } from '../../reports/comparison.ts';
import { printable } from '../../reports/format.ts';
import type { Report } from '../../reports/model.ts';
import { commitOf, gitOutput } from '../compare/git.ts';
import type { Origin } from '../history/entry.ts';
import { storeVariable } from '../history/store-address.ts';
import { noteForStarter } from '../link/namespace.ts';
import { type HistoryPlace, historyPlace } from './history-place.ts';
import { readReportFolder } from './report-command.ts';

/** As many runs as a page of trends could be made of, many times over. */
const runsMax = 100_000;
const dayMs = 86_400_000;

export interface RecordOptions {
  readonly config?: string | undefined;
  /** Whether the operator named the report's folder: without a configuration it is then no part of this folder's history. */
  readonly hasOut: boolean;
}

/**
 * Stores a report, or leaves it to whoever started us, and says so.
 * @param given an address in the place of the configuration's, or `none`
 */
export async function record(
  report: Report | ComparisonReport,
  folder: string,
  { config, hasOut }: RecordOptions,
  given: string | undefined,
): Promise<void> {
  // In a network namespace no server is in reach.
  if (given === 'none' || noteForStarter(JSON.stringify({ folder, config, hasOut }))) return;
  try {
    const place = await historyPlace(config, given);
    if (place.address === undefined || (place.project === undefined && hasOut && given === undefined)) return;
    const stored = await addTo(place, [report]);
    process.stdout.write(`stored: ${stored}\n`);
  } catch (error) {
    if (!(error instanceof FloodgateError)) throw error;
    process.stderr.write(`floodgate: not stored: ${printable(error.message)}\n${error.hint}\n`);
  }
}

/** Stores what a program in a network namespace left to us. @param line of `noteForStarter` */
export async function recordNote(line: string): Promise<void> {
  const { folder, ...options } = JSON.parse(line) as RecordOptions & { readonly folder: string };
  await record(readReportFolder(folder), folder, options, process.env[storeVariable]);
}

/** Stores reports, and removes what the project's rule does not keep. @returns for a person, what was stored and where */
export async function addTo(place: HistoryPlace, reports: readonly (Report | ComparisonReport)[]): Promise<string> {
  const [{ openStore }, { entryOf }] = await Promise.all([
    import('../history/open-store.ts'),
    import('../history/entry.ts'),
  ]);
  const store = await openStore(place.address!, { absent: 'make' });
  try {
    const said: string[] = [];
    for (const report of reports) {
      const entry = entryOf(report, originOf(place));
      const isNew = await store.add(entry);
      said.push(`${entry.batch.id.slice(0, 8)}${isNew ? '' : ' (was there already)'}`);
    }
    await store.prune(place.name, retentionOf(place));
    return `${said.join(', ')} in ${store.shown}`;
  } finally {
    await store.close();
  }
}

/** The rule of the project as of now. */
export function retentionOf({ keepDays, keepReports }: Pick<HistoryPlace, 'keepDays' | 'keepReports'>) {
  return { before: new Date(Date.now() - keepDays * dayMs).toISOString(), reports: keepReports, runs: runsMax };
}

function originOf({ folder, name }: HistoryPlace): Origin {
  const ask = (...words: string[]) => gitOutput(folder, words) || null;
  const commit = commitOf(folder, 'HEAD') ?? null;
  const branch = ask('rev-parse', '--abbrev-ref', 'HEAD');
  return {
    project: name,
    folder,
    commit,
    subject: commit && (ask('log', '-1', '--format=%s')?.slice(0, 200) ?? null),
    // CI checks out a commit, and says elsewhere of which branch.
    branch: branch === 'HEAD' ? (process.env.GITHUB_REF_NAME ?? process.env.CI_COMMIT_REF_NAME ?? null) : branch,
    dirty: commit !== null && ask('status', '--porcelain', '--untracked-files=no') !== null,
  };
}
