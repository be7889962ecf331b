/** What a person has to know of a sign-off beside its limits: whatever the summary itself shows is said on the page, by who seals it. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { counted } from '../../reports/counted.ts';
import { formatBytes, formatCount, printable } from '../../reports/format.ts';
import type { Lane, Note } from '../../reports/model.ts';
import { isComparedWithItself, isOwnCommit, type SignoffReport } from '../../reports/signoff.ts';
import { REDACTED_MARK } from '../redaction/redactor.ts';
import { isSnapshot, snapshotsNote } from './heap-snapshots.ts';
import { idleLimits } from './idle-limits.ts';
import { driverWords, otherDrivers } from './input-origin.ts';
import { workingBytesMax, workingFilesMax } from './limits.ts';
import { typedCommand } from './typed-options.ts';
import { lanesUsual } from './usual-order.ts';
import { changeWords } from './working-list.ts';

const warning = (text: string): Note => ({ severity: 'warning', text });
const namesMax = 5;
/** Of how a version was built: scripts of a package may be long. */
const buildCharactersMax = 300;

type Noted = Omit<SignoffReport, 'verdict' | 'notes'>;

/** @param names of the files of the bundle */
export function notesOf(report: Noted, names: Iterable<string>): Note[] {
  const { candidate, previous, scope } = report;
  const texts = [
    ...(candidate.dirty ? ['The candidate has changes that are not committed.'] : []),
    ...(previous === null ? ['It was compared with no release before it (--previous).'] : itselfOf(report)),
    ...(scope.leftOut.length > 0 ? [`Left out of the set (--only): ${shortList(scope.leftOut)}.`] : []),
    ...buildsOf(report),
    ...driversOf(report),
    ...workingOf(report),
    ...idleLimits(report).map(({ test, why }) => `Nothing can exceed the limit ${test}: ${why}.`),
    ...secretsOf(report),
    ...endsOf(report),
  ];
  return [
    ...texts.map(warning),
    ...([...names].some(isSnapshot) ? [snapshotsNote] : []),
    ...orderOf(report).map(warning),
  ];
}

/** Programs other than Node.js do not say whether it was an exception. */
const endsOf = ({ scenarios }: Noted): string[] =>
  scenarios.flatMap(({ name, runs }) =>
    runs.flatMap(({ lane, exitCode }) =>
      exitCode === undefined
        ? []
        : [`${name} (${lane}): the target ended with exit code ${exitCode} when it was asked to end.`],
    ),
  );

/** What its command does not order. */
function orderOf({ command }: Noted): string[] {
  const { valuesOf } = typedCommand(command);
  const lanes = valuesOf('--lane').length > 0 ? valuesOf('--lane') : lanesUsual;
  return [
    ...(valuesOf('--key').length === 0
      ? ['No key has signed it (--key): without an attestation beside it, nobody answers for it.']
      : []),
    ...(lanes.length < 2 ? [`Run in the ${lanes.join()} lane alone (--lane), where there are two.`] : []),
  ];
}

/** Of a run whose snapshots are more than a bundle takes: how many there were, the bundle alone says. */
export const snapshotsLeftOut = (scenario: string, lane: Lane, count: number): Note =>
  warning(`${scenario} (${lane} lane): ${counted(count, 'heap snapshot')} did not fit into the bundle.`);

/** Those of them that a summary has, in the order of its runs. */
export function leftOutIn({
  command,
  scenarios,
  notes,
}: Pick<SignoffReport, 'command' | 'scenarios' | 'notes'>): Note[] {
  if (!typedCommand(command).flags.has('--include-snapshots')) return [];
  const said = new Set(notes.map(({ text }) => text));
  const counts = notes.map(({ text }) => Number(/ (\d{1,9}) heap snapshots? did not fit/.exec(text)?.[1] ?? 0));
  return scenarios.flatMap(({ name, runs }) =>
    runs.flatMap(({ lane }) =>
      counts
        .filter((count) => count > 0)
        .map((count) => snapshotsLeftOut(name, lane, count))
        .filter(({ text }) => said.has(text))
        .slice(0, 1),
    ),
  );
}

const shortList = (names: readonly string[]) =>
  names.length > namesMax ? counted(names.length, 'scenario') : names.join(', ');

function itselfOf({ candidate, previous }: Noted): string[] {
  if (isComparedWithItself({ candidate, previous }))
    return ['The release before it has the very files of the candidate: the comparison says nothing of the release.'];
  return isOwnCommit({ candidate, previous })
    ? ['The release before it is the commit that the candidate’s changes were made on.']
    : [];
}

function buildsOf({ candidate: { build = [] }, previous }: Noted): string[] {
  const before = previous?.build ?? [];
  if (previous === null || isDeepStrictEqual(build, before)) return [];
  const words = (commands: readonly string[]) =>
    commands.length === 0 ? 'nothing' : `“${printable(commands.join('; '), buildCharactersMax)}”`;
  return [`The candidate was made ready to run by ${words(build)}, the release before it by ${words(before)}.`];
}

function driversOf(report: Noted): string[] {
  const others = otherDrivers(report).map(driverWords);
  return others.length === 0 ? [] : [`It was driven by what is not as the candidate has it: ${firstOf(others)}.`];
}

/** @param count of all of them */
function firstOf(names: readonly string[], count = names.length): string {
  const first = names.slice(0, namesMax).map((each) => printable(each, 200));
  return count > first.length ? `${first.join(', ')} and ${count - first.length} more` : first.join(', ');
}

/** Whatever lay there may have driven it: programs say nowhere what they read. */
function workingOf({ working }: Noted): string[] {
  if (working === undefined) return [];
  const { commit, unlisted, changed, changedCount, other, otherCount } = working;
  return [
    ...(unlisted === undefined ? [] : [`The files of the working folder are in no list: ${unlistedWords[unlisted]}.`]),
    ...(commit === null ? ['The working folder is of no commit: its files are known by their digests alone.'] : []),
    ...(changedCount > 0
      ? [`The working folder had what no commit has: ${firstOf(changed.map(changeWords), changedCount)}.`]
      : []),
    ...(otherCount > 0
      ? [
          `The working folder was at commit ${commit?.slice(0, 12)}, which has otherwise than the candidate: ${firstOf(other, otherCount)}.`,
        ]
      : []),
  ];
}

export const unlistedWords = {
  files: `there are more than ${formatCount(workingFilesMax)}`,
  bytes: `they have more than ${formatBytes(workingBytesMax)}`,
} as const;

function secretsOf({ scenarios }: Noted): string[] {
  const names = scenarios
    .filter(({ runs }) => runs.some(({ command }) => command.includes(REDACTED_MARK)))
    .map(({ name }) => name);
  if (names.length === 0) return [];
  return [`A secret was taken out of the command of ${shortList(names)}: what stood in its place is in no bundle.`];
}
