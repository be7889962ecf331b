/** `floodgate waiver`: a limit may be broken for a while; who answers for it, why, and until when stand in the ledger. */
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { nearestName } from '../../agent/nearest-name.ts';
import { ledgerName, putEntries } from '../ledger/ledger.ts';
import { knownMetric } from '../metrics/known-metric.ts';
import { loadProject } from '../project/find-config.ts';
import { dayToCome, projectLedger } from './project-ledger.ts';

const examples = `
Examples:
  floodgate waiver add rss.p99 --scenario checkout --owner anna --until 2026-12-31 --reason "PERF-214: the new cache is too large"

The gate passes with the limit broken, and its verdict says so, with every --env and without: a waiver is not limited to an environment.
From the day after, it fails again. Waivers stand in ${ledgerName}, beside
the configuration: commit it. "floodgate baseline list" lists them.`;

interface WaiverFlags {
  readonly scenario: string;
  readonly owner: string;
  readonly until: string;
  readonly reason: string;
  readonly config?: string;
}

export function addWaiverCommand(command: Command): void {
  command.description('Waivers of this project: limits that may be broken for a while.').addHelpText('after', examples);
  command
    .command('add')
    .description('Adds a waiver, or changes the one that there is.')
    .argument('<metric>', 'whose limit may be broken (floodgate list --metrics)')
    .requiredOption('--scenario <name>', 'in which scenario')
    .requiredOption('--owner <name>', 'who answers for it')
    .requiredOption('--until <day>', 'last day on which it counts, such as 2026-12-31')
    .requiredOption('--reason <text>', 'why the limit may be broken')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .addHelpText('after', examples)
    .action((metric: string, flags: WaiverFlags) => add(metric, flags));
}

async function add(metric: string, { scenario, owner, until, reason, config }: WaiverFlags): Promise<void> {
  const project = await loadProject(process.cwd(), config);
  projectLedger(project);
  knownMetric(metric);
  const names = project.scenarios.map(({ name }) => name);
  if (!names.includes(scenario)) {
    const near = nearestName(scenario, names);
    throw new FloodgateError(
      'option-invalid',
      `there is no scenario "${scenario}"${near ? `; is "${near}" meant?` : ''}`,
      {
        hint: `Scenarios: ${names.join(', ') || 'none yet'}.`,
      },
    );
  }
  dayToCome(until, '--until');
  putEntries(project.folder, 'waivers', () => [{ scenario, metric, reason, owner, until }]);
  process.stdout.write(`${metric} of ${scenario} may be broken until ${until}: ${ledgerName}. Commit it.\n`);
}
