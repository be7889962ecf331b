/** `floodgate diff`: what one profile has more than another, by function or by line. */
import type { Command } from 'commander';
import { siteSentence } from '../../reports/comparison-sentence.ts';
import {
  formatBytes,
  formatCount,
  formatDifference,
  formatSite,
  formatValue,
  printable,
} from '../../reports/format.ts';
import type { Evidence } from '../compare/site-evidence.ts';
import { compareSites, noneNamed } from '../compare/sites.ts';
import { byFunction, diffProfiles, top } from '../profile/arithmetic.ts';
import { type Profile, sampleTypeIndex, sumOf } from '../profile/profile.ts';
import type { SitesFile } from '../report/sites-file.ts';
import { asked, parseRows, profileArgumentHelp, readAnyProfile } from './profile-input.ts';
import { repeated } from './repeated-option.ts';
import { sampleRunsAgain } from './sample-runs-again.ts';
import { readCallers, readSites } from './sites-input.ts';

const examples = `${profileArgumentHelp}

Examples:
  floodgate diff runs/monday runs/tuesday
  floodgate diff before.pb.gz after.pb.gz --lines --top 30
  floodgate diff runs/latest@12 runs/latest@13           what is alive in one interval and was not in another
  floodgate diff runs/latest@0:allocations runs/latest@9:allocations

Runs are compared by the request or message, passing ones too, with the error of each difference: what the runtime allocates is charged to
the caller that is the program's. What a gate or a comparison measured without call sites is run again for them: each version once, sampled.`;

interface DiffFlags {
  readonly lines?: boolean;
  readonly top: string;
  readonly only?: readonly string[];
}

export function addDiffCommand(command: Command): void {
  command
    .description('Subtracts profile A from profile B, brought to the same duration, and lists what changed most.')
    .argument('<a>', 'profile or run to compare with')
    .argument('<b>', 'profile or run to look at')
    .option('--lines', 'by line instead of by function')
    .option('--top <n>', 'rows to show', '20')
    .option('--only <scenario>', 'of gates and comparisons, this scenario alone; may be repeated', repeated)
    .addHelpText('after', examples)
    .action(async (a: string, b: string, flags: DiffFlags) => {
      const rowsMax = parseRows(flags.top, '--top');
      const sites = flags.lines ? undefined : [readSites(a), readSites(b)];
      if (sites?.[0] && sites[1]) {
        process.stdout.write(renderSites(sites[0], sites[1], evidenceOf(a, b), rowsMax));
        return;
      }
      const again = flags.lines ? undefined : await sampleRunsAgain(a, b, flags.only);
      if (again) {
        for (const { name, base, head, evidence } of again) {
          const text = renderSites(base, head, evidence, rowsMax);
          process.stdout.write(`${again.length > 1 ? `${printable(name)}: ` : ''}${text}`);
        }
        return;
      }
      const [base, head] = [readAnyProfile(a), readAnyProfile(b)];
      const hint = 'Compare profiles of one kind: of memory, or of CPU time.';
      process.stdout.write(
        asked(`${a} and ${b} cannot be compared`, hint, () => renderDiff(base, head, flags.lines === true, rowsMax)),
      );
    });
}

/** The stacks beside the call sites of runs: the sources that they were of may have changed since. */
function evidenceOf(a: string, b: string): Evidence {
  return { base: { callers: readCallers(a) }, head: { callers: readCallers(b) } };
}

/** Of runs whose call sites are known: by the request. */
function renderSites(base: SitesFile, head: SitesFile, evidence: Evidence, rowsMax: number): string {
  const total = ({ requests, sites }: SitesFile) =>
    sites.reduce((sum, { selfBytes }) => sum + selfBytes, 0) / requests!;
  const rows = compareSites(base, head, evidence).slice(0, rowsMax);
  const lines = rows.map((site) => `  ${siteSentence(site)}\n`);
  return (
    `${formatBytes(total(base))} → ${formatBytes(total(head))} a request ` +
    `(${formatCount(base.requests!)} and ${formatCount(head.requests!)} of them)\n${lines.join('') || `${noneNamed(base, head)}\n`}`
  );
}

function renderDiff(base: Profile, head: Profile, lines: boolean, rowsMax: number): string {
  const difference = diffProfiles(base, head);
  const shown = lines ? difference : byFunction(difference);
  const rows = top(shown)
    .filter(({ self }) => self !== 0)
    .sort((x, y) => Math.abs(y.self) - Math.abs(x.self))
    .slice(0, rowsMax);
  const unit = head.sampleTypes[sampleTypeIndex(head)]!.unit === 'bytes' ? 'bytes' : 'count';
  const text = rows.map((row) => `${formatDifference(row.self, unit).padStart(12)}  ${formatSite(row)}`);
  const total = (profile: Profile) => formatValue(sumOf(profile, sampleTypeIndex(profile)), unit);
  return `${total(base)} → ${total(head)}\n${text.join('\n')}\n`;
}
