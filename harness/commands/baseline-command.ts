/** `floodgate baseline`: a person accepts the figures of a run; the gate then holds later runs against them. */
import { userInfo } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { formatValue, printable } from '../../reports/format.ts';
import { type RunReport, runsOf } from '../../reports/model.ts';
import { gitOutput } from '../compare/git.ts';
import { type Acceptance, type Allowed, baselinesOf } from '../ledger/accept.ts';
import { type Baseline, type Ledger, ledgerName, putEntries } from '../ledger/ledger.ts';
import { findMetric } from '../metrics/table.ts';
import { loadProject, type Project } from '../project/find-config.ts';
import { chosenScenarios } from './project-gate.ts';
import { dayToCome, projectLedger, today } from './project-ledger.ts';
import { projectLimits, strictestThresholds } from './project-limits.ts';
import { repeated } from './repeated-option.ts';
import { readReportFolder } from './report-command.ts';

const examples = `
Examples:
  floodgate baseline accept --reason "first release"            what the latest gate measured
  floodgate baseline accept runs/monday --reason "new cache" --raise --until 2027-03-31
  floodgate baseline list

What is accepted is every metric with a threshold ("thresholds" in the configuration), by scenario and class of machine. It stands in
${ledgerName}, beside the configuration: commit it. The gate never changes it.
A run must be within the budgets of the configuration, whatever was typed when it was measured: those that every run has, or with
--env those of that environment. A figure takes --raise where it is beyond the smallest threshold of all environments: the file is one
for all of them.`;

interface AcceptFlags {
  readonly reason: string;
  readonly only?: readonly string[];
  readonly until?: string;
  readonly by?: string;
  readonly raise?: boolean;
  readonly env?: string;
  readonly config?: string;
}

export function addBaselineCommand(command: Command): void {
  command.description('Baselines of this project: figures that a person accepted.').addHelpText('after', examples);
  command
    .command('accept')
    .description('Accepts the figures of a gate or a run of this project.')
    .argument('[dir]', 'folder of the gate’s report', 'runs/latest')
    .requiredOption('--reason <text>', 'why these figures are right')
    .option('--only <scenario>', 'this scenario alone; may be repeated', repeated)
    .option('--until <day>', 'last day on which they count, such as 2027-03-31 (default: no end)')
    .option('--by <name>', 'who accepts them (default: the name that git has)')
    .option('--raise', 'accept a figure that is worse than its threshold allows')
    .option('--env <name>', 'budgets and metrics of this environment of the configuration')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .addHelpText('after', examples)
    .action((folder: string, flags: AcceptFlags) => accept(folder, flags));
  command
    .command('list')
    .description('Lists baselines and waivers, and which of them no longer count.')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .addHelpText('after', examples)
    .action(async (flags: { readonly config?: string }) => {
      process.stdout.write(listing(projectLedger(await loadProject(process.cwd(), flags.config)), today()));
    });
}

async function accept(folder: string, flags: AcceptFlags): Promise<void> {
  const project = await loadProject(process.cwd(), flags.config);
  projectLedger(project);
  const acceptance = {
    reason: flags.reason,
    by: flags.by ?? gitName(project),
    today: today(),
    until: flags.until === undefined ? undefined : dayToCome(flags.until, '--until'),
    raise: flags.raise === true,
    folder: project.folder,
  };
  if (flags.only) chosenScenarios(project, flags);
  const runs = runsOf(readReportFolder(folder));
  const missing = flags.only?.find((name) => !runs.some(({ scenario }) => scenario.name === name));
  if (missing !== undefined) {
    throw new FloodgateError('baseline-refused', `"${missing}" is not in the report of ${folder}`, {
      hint: `It has ${runs.map(({ scenario }) => scenario.name).join(', ')}.`,
    });
  }
  const chosen = runs.filter(({ scenario }) => flags.only?.includes(scenario.name) ?? true);
  const judged: { readonly run: RunReport; readonly allowed: Allowed }[] = [];
  for (const run of chosen) {
    const scenario = project.scenarios.find(({ name }) => name === run.scenario.name);
    if (scenario === undefined) {
      throw new FloodgateError(
        'baseline-refused',
        `"${run.scenario.name}" is no scenario of ${path.basename(project.file)}`,
        {
          hint: 'Accept what "floodgate gate" measured: its report is runs/latest after a gate.',
        },
      );
    }
    const thresholds = strictestThresholds(project, scenario, run, flags.env);
    const limits = await projectLimits(project, scenario, run, flags.env);
    judged.push({ run, allowed: { thresholds, limits } });
  }
  // Against the ledger as it is then: another may have accepted meanwhile.
  const accepted = putEntries(project.folder, 'baselines', (ledger) => acceptedOf(judged, ledger, acceptance, folder));
  for (const { scenario, metric, value } of accepted) {
    process.stdout.write(`${printable(scenario)}: ${metric} ${formatValue(value, findMetric(metric)!.unit)}\n`);
  }
  process.stdout.write(`${accepted.length} accepted by ${printable(acceptance.by)}: ${ledgerName}. Commit it.\n`);
}

function acceptedOf(
  judged: readonly { readonly run: RunReport; readonly allowed: Allowed }[],
  ledger: Ledger,
  acceptance: Acceptance,
  folder: string,
): Baseline[] {
  const accepted = judged.flatMap(({ run, allowed }) => baselinesOf(run, ledger, allowed, acceptance));
  if (accepted.length === 0) {
    throw new FloodgateError('baseline-refused', `there is nothing to accept in the report of ${folder}`, {
      hint: 'A baseline is of a metric with a threshold (thresholds in the configuration), in a scenario that was measured.',
    });
  }
  return accepted;
}

function listing({ baselines, waivers }: Ledger, now: string): string {
  const ended = (until: string | undefined) => (until !== undefined && until < now ? '  ENDED' : '');
  const untilWords = (until: string | undefined) => (until === undefined ? '' : ` until ${until}`);
  const lines = [
    ...baselines.map(
      (each) =>
        `baseline  ${printable(each.scenario)}  ${each.metric}  ${formatValue(each.value, findMetric(each.metric)!.unit)}  ${each.accepted}${untilWords(each.until)} by ${printable(each.by)}: ${printable(each.reason, 200)}${ended(each.until)}\n          ${printable(each.machine, 200)}`,
    ),
    ...waivers.map(
      (each) =>
        `waiver    ${printable(each.scenario)}  ${each.metric} ${untilWords(each.until)} by ${printable(each.owner)}: ${printable(each.reason, 200)}${ended(each.until)}`,
    ),
  ];
  return lines.length === 0 ? `Nothing was accepted yet: floodgate baseline accept --help\n` : `${lines.join('\n')}\n`;
}

/** Whoever git says commits here, else the user of this machine. */
function gitName({ folder }: Project): string {
  return gitOutput(folder, ['config', 'user.name']) || userInfo().username;
}
