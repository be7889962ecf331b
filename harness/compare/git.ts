/** git as comparisons, bisections and baselines run it. */
import { execFileSync } from 'node:child_process';
import { FloodgateError } from '../../agent/errors.ts';

/** A list of the files of a large repository has some MB. */
const outputBytesMax = 1 << 28;

/** Programs that a repository names itself are not run: a version may be a stranger's. Filters are, as files are not whole without them. */
const runsNothing = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

/** @returns what it printed, without the white space around it. @throws FloodgateError `version-unknown` with its last line */
export function git(folder: string, words: readonly string[]): string {
  try {
    return execFileSync('git', [...runsNothing, ...words], {
      cwd: folder,
      encoding: 'utf8',
      // A commit is what its name says, whatever this clone puts in its place.
      env: { ...process.env, GIT_NO_REPLACE_OBJECTS: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: outputBytesMax,
    }).trim();
  } catch (cause) {
    const text = String((cause as { stderr?: string }).stderr ?? cause)
      .trim()
      .split('\n')
      .at(-1);
    throw new FloodgateError('version-unknown', `git ${words[0]}: ${text}`, {
      hint: 'The version cannot be checked out.',
      cause,
    });
  }
}

/** Undefined where git says no, or is missing. */
export function gitOutput(folder: string, words: readonly string[]): string | undefined {
  try {
    return git(folder, words);
  } catch {
    return undefined;
  }
}

/** A repository of another user is one to git only where it is named: else its commands say no, as where there is none. @throws FloodgateError `version-unknown` */
export function refuseUntrusted(folder: string): void {
  try {
    git(folder, ['rev-parse', '--git-dir']);
  } catch (error) {
    const lines = String(((error as Error).cause as { stderr?: string }).stderr ?? '').split('\n');
    // What it advises is the same in all languages.
    const advice = lines.find((line) => line.includes('safe.directory'))?.trim();
    if (advice === undefined) return;
    throw new FloodgateError('version-unknown', `git: ${lines[0]?.replace(/^fatal: /, '')}`, {
      hint: `It belongs to another user. Where that is as it should be: ${advice}`,
      cause: error,
    });
  }
}

/** The full commit that a branch, tag or abbreviation names here; undefined where it names none. */
export function commitOf(folder: string, label: string): string | undefined {
  return gitOutput(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${label}^{commit}`]);
}
