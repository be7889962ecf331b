/** Profiles as the operator names them: a file of any format, or the folder of a run. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { runsOf } from '../../reports/model.ts';
import { parseWhole } from '../metrics/quantity.ts';
import { readProfile } from '../profile/any-profile.ts';
import { mergeProfiles } from '../profile/arithmetic.ts';
import { readPprof } from '../profile/pprof.ts';
import { type Profile, ProfileError } from '../profile/profile.ts';
import { applySourceMaps, type LoadedMap } from '../profile/source-maps.ts';
import { readOperatorFile } from './operator-file.ts';
import { readReportFolder } from './report-command.ts';

/** What the commands say about their arguments. */
export const profileArgumentHelp = `
A profile is a .pb.gz, .heapprofile, .cpuprofile, .speedscope.json or collapsed
.txt file, or the folder of a run, whose allocations during its spikes are taken.`;

/** A profile, mapped to its sources where source maps lie beside the built files. @throws FloodgateError `profile-missing` */
export function readAnyProfile(file: string): Profile {
  try {
    if (statSync(file).isDirectory()) return readRunProfile(file);
    return applySourceMaps(readProfile(file, readOperatorFile(file), process.cwd()), mapBeside);
  } catch (error) {
    if (error instanceof FloodgateError) throw error;
    if (!(error instanceof ProfileError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new FloodgateError('profile-missing', `cannot read ${file} as a profile: ${(error as Error).message}`, {
      hint: 'Give a profile (.pb.gz, .heapprofile, .cpuprofile, .speedscope.json, collapsed .txt) or the folder of a run that was explained (--explain).',
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
  const [first, ...rest] = files.map(({ file }) => readPprof(readOperatorFile(path.join(folder, file))));
  if (first) return mergeProfiles([first, ...rest]);
  throw new FloodgateError('profile-missing', `the run in ${folder} has no profile of a spike`, {
    hint: 'Run it again with --explain.',
  });
}
