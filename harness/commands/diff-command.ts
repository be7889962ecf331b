/** `floodgate diff`: what one profile has more than another, by function or by line. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { formatDifference, formatSite, formatValue } from '../../reports/format.ts';
import { runsOf } from '../../reports/model.ts';
import { byFunction, diffProfiles, mergeProfiles, top } from '../profile/arithmetic.ts';
import { readHeapProfile } from '../profile/heap-profile.ts';
import { readPprof } from '../profile/pprof.ts';
import { type Profile, ProfileError, sampleTypeIndex, sumOf } from '../profile/profile.ts';
import { readReportFolder } from './report-command.ts';

const examples = `
A and B are profiles (.pb.gz, .heapprofile) or folders of runs, whose allocations during their spikes are taken.

Examples:
  floodgate diff runs/monday runs/tuesday
  floodgate diff before.pb.gz after.pb.gz --lines --top 30`;

export function addDiffCommand(program: Command): void {
  program
    .command('diff')
    .summary('what one profile has more than another')
    .description('Subtracts profile A from profile B, brought to the same duration, and lists what changed most.')
    .argument('<a>', 'profile or run to compare with')
    .argument('<b>', 'profile or run to look at')
    .option('--lines', 'by line instead of by function')
    .option('--top <n>', 'rows to show', '20')
    .addHelpText('after', examples)
    .action((a: string, b: string, flags: { readonly lines?: boolean; readonly top: string }) => {
      process.stdout.write(
        renderDiff(readAnyProfile(a), readAnyProfile(b), flags.lines === true, Number(flags.top) || 20),
      );
    });
}

function renderDiff(base: Profile, head: Profile, lines: boolean, rowsMax: number): string {
  const difference = diffProfiles(base, head);
  const shown = lines ? difference : byFunction(difference);
  const rows = top(shown)
    .sort((x, y) => Math.abs(y.self) - Math.abs(x.self))
    .slice(0, rowsMax);
  const unit = head.sampleTypes[sampleTypeIndex(head)]!.unit === 'bytes' ? 'bytes' : 'count';
  const text = rows.map((row) => `${formatDifference(row.self, unit).padStart(12)}  ${formatSite(row)}`);
  const total = (profile: Profile) => formatValue(sumOf(profile, sampleTypeIndex(profile)), unit);
  return `${total(base)} → ${total(head)}\n${text.join('\n')}\n`;
}

/** @throws FloodgateError `NO_PROFILE` */
function readAnyProfile(file: string): Profile {
  try {
    if (statSync(file).isDirectory()) return readRunProfile(file);
    const bytes = readFileSync(file);
    return file.endsWith('.heapprofile') ? readHeapProfile(bytes.toString('utf8')) : readPprof(bytes);
  } catch (error) {
    if (!(error instanceof ProfileError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    if (error instanceof FloodgateError) throw error;
    throw new FloodgateError('NO_PROFILE', `cannot read ${file} as a profile: ${(error as Error).message}`, {
      hint: 'Give a .pb.gz or .heapprofile file, or the folder of a run that was explained (--explain).',
      cause: error,
    });
  }
}

function readRunProfile(folder: string): Profile {
  const [run] = runsOf(readReportFolder(folder));
  const files = (run?.spikes ?? []).flatMap((spike) => spike.profiles).filter((each) => each.role === 'during');
  const [first, ...rest] = files.map(({ file }) => readPprof(readFileSync(path.join(folder, file))));
  if (first) return mergeProfiles([first, ...rest]);
  throw new FloodgateError('NO_PROFILE', `the run in ${folder} has no profile of a spike`, {
    hint: 'Run it again with --explain.',
  });
}
