/** `floodgate history`: what was measured in this project, kept: looked at, taken out, and removed by rule. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { type Command, Option } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { counted } from '../../reports/counted.ts';
import { printable, verdictMark } from '../../reports/format.ts';
import type { HistoryStore } from '../history/history-store.ts';
import type { BatchRow } from '../history/tables.ts';
import { parseWhole } from '../metrics/quantity.ts';
import { type HistoryPlace, historyPlace } from './history-place.ts';
import { addTo, retentionOf } from './history-record.ts';
import { showEntry } from './history-show.ts';
import { commitColumn, startWords } from './stored-run-words.ts';

const examples = `
Examples:
  floodgate history                                  the latest runs, gates and comparisons
  floodgate history list --scenario cart --metric rss.p99   one metric from run to run, and where it changed
  floodgate history show 3f2a91                      its report again; the first digits are enough
  floodgate history show 3f2a91 --format html > report.html
  floodgate history export > history.jsonl           everything but whole reports, a line an entry
  floodgate history add runs/20261129T101500-gate    a report from elsewhere
  floodgate history prune --keep-days 365 --keep-reports 100
  FLOODGATE_STORE=postgres://ci@db/floodgate floodgate gate   stores there

floodgate run, gate and compare store what they measure: in .floodgate/history.db beside the configuration, or where "store" of
floodgate.config.* says. floodgate serve shows it.`;

/** A screen, and what a person could page through. */
const listedDefault = '20';
const listedMax = 10_000;

interface Flags {
  readonly config?: string;
}

export function addHistoryCommand(command: Command): void {
  command
    .description('What was measured in this project: lists it, shows it, exports it, removes what is old.')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .addHelpText('after', examples)
    .action((flags: Flags) => withStore(flags, (store, place) => list(store, place, { limit: listedDefault })));
  const sub = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
      .addHelpText('after', examples);
  sub('list', 'Lists the latest runs, gates and comparisons; with --metric, one metric from run to run.')
    .option('--limit <n>', 'as many', listedDefault)
    .option('--scenario <name>', 'runs of this scenario')
    .option('--metric <name>', 'this metric of each run, and the points at which it changed')
    .action((flags: ListFlags & Flags) => withStore(flags, (store, place) => list(store, place, flags)));
  sub('show', 'Renders what was stored again, on standard output.')
    .argument('<id>', 'the first digits of its identity')
    .addOption(new Option('--format <format>', 'of the report').default('terminal'))
    .action((id: string, flags: Flags & { readonly format: string }) =>
      withStore(flags, async (store, { name }) => {
        await showEntry(store, name, id, flags.format);
      }),
    );
  sub('export', 'Writes every entry with its figures and limits as a line of JSON.')
    .option('--out <file>', 'into this file (default: standard output)')
    .action((flags: Flags & { readonly out?: string }) =>
      withStore(flags, (store, { name }) => exportAll(store, name, flags.out)),
    );
  sub('add', 'Stores reports from elsewhere; those that are there already stay as they are.')
    .argument('<dirs...>', 'folders of runs, gates or comparisons')
    .action((folders: string[], flags: Flags) => add(folders, flags));
  sub('prune', 'Removes what the project’s rule does not keep, or another rule.')
    .option('--keep-days <n>', 'remove runs that are older')
    .option('--keep-reports <n>', 'remove whole reports beyond the latest; figures stay')
    .action((flags: PruneFlags & Flags) => withStore(flags, (store, place) => prune(store, place, flags)));
  sub(
    'check',
    'Looks whether the store is whole: its tables, each entry by its seal, each report by its name, and verdicts, figures and limits by their report.',
  ).action((flags: Flags) => withStore(flags, check));
}

/** @throws FloodgateError `store-missing` where nothing was stored yet */
async function withStore(
  { config }: Flags,
  action: (store: HistoryStore, place: HistoryPlace) => Promise<void>,
): Promise<void> {
  const place = await historyPlace(config);
  const { openStore } = await import('../history/open-store.ts');
  const store = await openStore(addressOf(place), { absent: 'refuse' });
  try {
    await action(store, place);
  } finally {
    await store.close();
  }
}

function addressOf({ address }: HistoryPlace) {
  if (address !== undefined) return address;
  throw new FloodgateError('store-none', 'this project keeps no history (store: false, or FLOODGATE_STORE=none)', {
    hint: 'Leave "store" out of floodgate.config.* for a file beside it.',
  });
}

interface ListFlags {
  readonly limit: string;
  readonly scenario?: string;
  readonly metric?: string;
}

async function list(store: HistoryStore, { name }: HistoryPlace, flags: ListFlags): Promise<void> {
  const limit = parseWhole(flags.limit, '--limit', { min: 1, max: listedMax });
  const what = flags.scenario === undefined ? 'this project' : `scenario "${printable(flags.scenario, 80)}"`;
  if (flags.metric !== undefined) {
    const { metricLines } = await import('./history-metric.ts');
    print(await metricLines(store, name, { metric: flags.metric, scenario: flags.scenario, limit }), what);
    return;
  }
  if (flags.scenario !== undefined) {
    const runs = await store.latestRuns(name, limit, flags.scenario);
    print(
      runs.map((run) => line({ ...run, what: `run ${printable(run.scenario, 80)}, ${run.lane} lane` })),
      what,
    );
    return;
  }
  const batches = await store.batches(name, limit);
  print(
    batches.map((batch) => line({ ...batch, what: batch.kind })),
    what,
  );
}

interface Listed extends Pick<BatchRow, 'id' | 'started_at' | 'exit_code' | 'headline' | 'commit_id' | 'dirty'> {
  readonly what: string;
}

function line(listed: Listed): string {
  const { id, what, exit_code, headline } = listed;
  const mark = verdictMark({ ok: exit_code === 0, exitCode: exit_code });
  return `${id.slice(0, 8)}  ${startWords(listed)}  ${mark} ${what.padEnd(8)} ${commitColumn(listed)}  ${printable(headline, 160)}`;
}

function print(lines: readonly string[], what: string): void {
  process.stdout.write(lines.length === 0 ? `Nothing is stored of ${what} yet.\n` : `${lines.join('\n')}\n`);
}

async function exportAll(store: HistoryStore, project: string, file: string | undefined): Promise<void> {
  const out: Writable = file === undefined ? process.stdout : createWriteStream(file, { flags: 'wx', mode: 0o600 });
  const opened = file === undefined ? undefined : once(out, 'open');
  await opened?.catch((error: Error) => {
    throw new FloodgateError('output-unwritable', `cannot write ${file}: ${error.message}`, {
      hint: 'Give another file.',
    });
  });
  let count = 0;
  await store.snapshot(async (reading) => {
    for (const batch of await reading.batches(project, Number.MAX_SAFE_INTEGER)) {
      const rows = await reading.runsOfBatch(batch.id);
      const ids = rows.map(({ id }) => id);
      const runs = rows.map(({ home_id: _, ...run }) => ({ ...run, batch_id: batch.id }));
      const entry = { batch, runs, figures: await reading.figures(ids), limits: await reading.limits(ids) };
      if (!out.write(`${JSON.stringify(entry)}\n`)) await once(out, 'drain');
      count++;
    }
  });
  if (file === undefined) return;
  out.end();
  await once(out, 'finish');
  process.stdout.write(`${counted(count, 'entry', 'entries')}: ${file}\n`);
}

async function add(folders: readonly string[], { config }: Flags): Promise<void> {
  const { readStorable } = await import('./history-show.ts');
  const place = await historyPlace(config);
  addressOf(place);
  const reports = folders.map(readStorable);
  process.stdout.write(`stored: ${await addTo(place, reports)}\n`);
}

interface PruneFlags {
  readonly keepDays?: string;
  readonly keepReports?: string;
}

async function prune(store: HistoryStore, place: HistoryPlace, flags: PruneFlags): Promise<void> {
  const given = (text: string | undefined, option: string, otherwise: number) =>
    text === undefined ? otherwise : parseWhole(text, option, { min: 0, max: 100_000 });
  const rule = retentionOf({
    keepDays: given(flags.keepDays, '--keep-days', place.keepDays),
    keepReports: given(flags.keepReports, '--keep-reports', place.keepReports),
  });
  const { batches, bodies } = await store.prune(place.name, rule);
  const entries = counted(batches, 'entry with its figures', 'entries with their figures');
  process.stdout.write(`removed: ${entries}; the whole reports of ${bodies} more\n`);
}

async function check(store: HistoryStore, { name }: HistoryPlace): Promise<void> {
  const { faults, compared, removed } = await store.audit();
  if (faults.length > 0) {
    throw new FloodgateError('store-corrupt', `${store.shown}: ${faults.join('; ')}`, {
      hint: 'Put a copy of before in its place; floodgate history export still reads what is whole.',
    });
  }
  const runs = `${counted(await store.countRuns(name), 'run')} of ${printable(name, 200)}`;
  const reports = counted(compared, 'report is what was stored', 'reports are what was stored');
  const without =
    removed === 0 ? '' : `; of ${counted(removed, 'entry', 'entries')} retention removed the report: the seal holds`;
  process.stdout.write(`${store.shown} is whole: ${runs}; ${reports}${without}\n`);
}
