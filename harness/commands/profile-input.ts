/** Profiles as the operator names them: a file of any format, or the folder of a run. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { runsOf } from '../../reports/model.ts';
import { parseWhole } from '../metrics/quantity.ts';
import { readProfile } from '../profile/any-profile.ts';
import { mergeProfiles } from '../profile/arithmetic.ts';
import { readPprof } from '../profile/pprof.ts';
import { type Profile, ProfileError } from '../profile/profile.ts';
import { type RingKind, readRing, ringIntervals } from '../profile/ring.ts';
import { applySourceMaps, type LoadedMap } from '../profile/source-maps.ts';
import { stacksFileName } from '../report/sites-file.ts';
import { readOperatorFile } from './operator-file.ts';
import { readReportFolder } from './report-command.ts';

/** What the commands say about their arguments. */
export const profileArgumentHelp = `
A profile is a .pb.gz, .heapprofile, .cpuprofile, .speedscope.json or collapsed
.txt file, or the folder of a run, whose allocations during its spikes are taken,
or else those of the whole run. RUN@12 is what was alive at the end of interval 12
of a run with --profile-every; RUN@12:allocations what was allocated in it.`;

/** A profile, mapped to its sources where source maps lie beside the built files. @throws FloodgateError `profile-missing` */
export function readAnyProfile(file: string): Profile {
  try {
    const [, run, interval, kind = 'live'] = /^(.+)@(\d{1,9})(?::(live|allocations))?$/.exec(file) ?? [];
    if (run !== undefined) return readRing(run, kind as RingKind, Number(interval));
    if (statSync(file).isDirectory()) return readRunProfile(file);
    return applySourceMaps(readProfile(file, readOperatorFile(file), process.cwd()), mapBeside);
  } catch (error) {
    if (error instanceof FloodgateError) throw error;
    if (!(error instanceof ProfileError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new FloodgateError('profile-missing', `cannot read ${file} as a profile: ${(error as Error).message}`, {
      hint: 'Give a profile (.pb.gz, .heapprofile, .cpuprofile, .speedscope.json, collapsed .txt) or the folder of a run with --explain or --sites 4KiB.',
      cause: error,
    });
  }
}

/** Runs what may find that profiles lack what is asked of them. @param what the names given @throws FloodgateError `profile-missing` */
export function asked<T>(what: string, hint: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    throw new FloodgateError('profile-missing', `${what}: ${error.message}`, { hint, cause: error });
  }
}

/** Rows of a list. @throws FloodgateError `option-invalid` */
export const parseRows = (text: string, option: string) => parseWhole(text, option, { min: 1, max: 100_000 });

/** The map beside a built file. A profile's names are not to be trusted with any other file. */
function mapBeside(file: string): LoadedMap | null {
  if (!/\.[cm]?js$/.test(file)) return null;
  try {
    return { json: readFileSync(`${file}.map`, 'utf8'), folder: path.posix.dirname(file) };
  } catch {
    return null;
  }
}

function readRunProfile(folder: string): Profile {
  const [run] = runsOf(readReportFolder(folder));
  const files = (run?.spikes ?? []).flatMap((spike) => spike.profiles).filter((each) => each.role === 'during');
  const paths = files.length > 0 ? files.map(({ file }) => path.join(folder, file)) : wholeRunFiles(folder);
  const [first, ...rest] = paths.map((file) => readPprof(readOperatorFile(file)));
  if (first) return mergeProfiles([first, ...rest]);
  const stacks = path.join(folder, stacksFileName);
  if (existsSync(stacks)) return readPprof(readOperatorFile(stacks));
  const intervals = ringIntervals(folder, 'allocations').map((interval) => readRing(folder, 'allocations', interval));
  if (intervals.length > 0) return mergeProfiles(intervals as [Profile, ...Profile[]]);
  throw new FloodgateError('profile-missing', `the run in ${folder} has no profile`, {
    hint: 'A run that passes keeps none. Run it again with --sites 4KiB (compared by the request), --explain, or --profile-every 30s.',
  });
}

/** What a run without a spike allocated, by interval; not that of its start, which is the first. */
function wholeRunFiles(folder: string): string[] {
  try {
    const names = readdirSync(path.join(folder, 'profiles')).filter((name) => /^allocations-\d+\.pb\.gz$/.test(name));
    return names
      .sort()
      .slice(names.length > 1 ? 1 : 0)
      .map((name) => path.join(folder, 'profiles', name));
  } catch {
    return [];
  }
}
