/** `floodgate diff`: what one profile has more than another, by function or by line. */
import type { Command } from 'commander';
import { siteSentence } from '../../reports/comparison-sentence.ts';
import { formatBytes, formatCount, formatDifference, formatSite, formatValue } from '../../reports/format.ts';
import { compareSites } from '../compare/sites.ts';
import { byFunction, diffProfiles, top } from '../profile/arithmetic.ts';
import { type Profile, sampleTypeIndex, sumOf } from '../profile/profile.ts';
import type { SitesFile } from '../report/sites-file.ts';
import { asked, parseRows, profileArgumentHelp, readAnyProfile } from './profile-input.ts';
import { readSites } from './sites-input.ts';

const examples = `${profileArgumentHelp}

Examples:
  floodgate diff runs/monday runs/tuesday
  floodgate diff before.pb.gz after.pb.gz --lines --top 30
  floodgate diff runs/latest@12 runs/latest@13           what is alive in one interval and was not in another
  floodgate diff runs/latest@0:allocations runs/latest@9:allocations

Runs with --sites, passing or not, are compared by the request or message, with the error of each difference: what the runtime
allocates is charged to the caller that is the program's.`;

export function addDiffCommand(command: Command): void {
  command
    .description('Subtracts profile A from profile B, brought to the same duration, and lists what changed most.')
    .argument('<a>', 'profile or run to compare with')
    .argument('<b>', 'profile or run to look at')
    .option('--lines', 'by line instead of by function')
    .option('--top <n>', 'rows to show', '20')
    .addHelpText('after', examples)
    .action((a: string, b: string, flags: { readonly lines?: boolean; readonly top: string }) => {
      const rowsMax = parseRows(flags.top, '--top');
      const sites = flags.lines ? undefined : [readSites(a), readSites(b)];
      if (sites?.[0] && sites[1]) {
        process.stdout.write(renderSites(sites[0], sites[1], rowsMax));
        return;
      }
      const [base, head] = [readAnyProfile(a), readAnyProfile(b)];
      const hint = 'Compare profiles of one kind: of memory, or of CPU time.';
      process.stdout.write(
        asked(`${a} and ${b} cannot be compared`, hint, () => renderDiff(base, head, flags.lines === true, rowsMax)),
      );
    });
}

/** Of a run with `--sites`: by the request. */
function renderSites(base: SitesFile, head: SitesFile, rowsMax: number): string {
  const total = ({ requests, sites }: SitesFile) =>
    sites.reduce((sum, { selfBytes }) => sum + selfBytes, 0) / requests!;
  const rows = compareSites(base, head).slice(0, rowsMax);
  const lines = rows.map((site) => `  ${siteSentence(site)}\n`);
  const none = 'no call site differs by three standard errors\n';
  return (
    `${formatBytes(total(base))} → ${formatBytes(total(head))} a request ` +
    `(${formatCount(base.requests!)} and ${formatCount(head.requests!)} of them)\n${lines.join('') || none}`
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
