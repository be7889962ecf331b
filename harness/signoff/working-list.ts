/**
 * The files of the working folder that loads, recordings and the configuration were read in: all that git tracks there, or does not ignore, by
 * digest, with what no commit has of them. Which of them drove the release only the programs know: so all are listed. Pure.
 */
import type { SignedInput, SignedWorkingFolder, SignoffReport } from '../../reports/signoff.ts';
import { digestText, isWalked, readDigestLines } from './digest-lines.ts';
import { ofCandidate, ofCommit, ofElsewhere, ofFolder, ofPackages } from './origin-words.ts';
import type { SourceFile } from './source-list.ts';

export const workingListName = 'working.sha256';

/** `changed`: not as the commit has it; `deleted`: the commit has it, and it was not there; `unreadable`: to this user; `meanwhile`: it was another at the end. */
export type WorkingState = 'changed' | 'untracked' | 'deleted' | 'unreadable' | 'meanwhile';

export interface WorkingFile {
  /** Within the working folder, with `/` between. */
  readonly name: string;
  /** Of a link: of the text that says where it points to; of a submodule: of its commit’s name. */
  readonly sha256: string;
  /** As git names what is no plain file: one that may be run, a link, a submodule. */
  readonly mode?: '100755' | '120000' | '160000' | undefined;
  /** Absent where the commit has it as it lies. */
  readonly state?: WorkingState | undefined;
}

/** Of what has no content here. */
export const noDigest = '0'.repeat(64);
export const isLying = ({ state }: WorkingFile): boolean => state !== 'deleted' && state !== 'unreadable';

/** Where the list belongs to, and why there is none. */
export type WorkingPlace = Pick<SignedWorkingFolder, 'commit' | 'folder' | 'unlisted'>;

export const workingListText = (files: readonly WorkingFile[]): string =>
  digestText(
    files.map(({ name, sha256, mode, state }) => ({
      name,
      sha256,
      remark: [mode ?? [], state ?? []].flat().join(' '),
    })),
  );

/** Undefined where it is no such list. */
export function readWorkingList(text: string): WorkingFile[] | undefined {
  const files: WorkingFile[] = [];
  const lines = readDigestLines(text);
  if (lines === undefined) return undefined;
  for (const { name, sha256, remark } of lines) {
    const match = remarks.exec(remark);
    if (match === null) return undefined;
    const [, mode, state] = match as unknown as [string, WorkingFile['mode'], WorkingState | undefined];
    const file = { name, sha256, ...(mode && { mode }), ...(state && { state }) };
    if ((sha256 === noDigest) === isLying(file)) return undefined;
    files.push(file);
  }
  return isWalked(files) && workingListText(files) === text ? files : undefined;
}

const remarks = /^(100755|120000|160000)? ?(changed|untracked|deleted|unreadable|meanwhile)?$/;

/** Of files that are named in `signoff.json`; the list has all. */
const namedMax = 20;

export interface JudgedCandidate extends Pick<SignoffReport, 'candidate'> {
  readonly source: readonly SourceFile[];
}

/** What the summary says of the list. */
export function workingFacts(
  { commit, folder, unlisted }: WorkingPlace,
  files: readonly WorkingFile[],
  { candidate, source }: JudgedCandidate,
): SignedWorkingFolder {
  const changed = files.flatMap(({ name, state }) => (state === undefined ? [] : [{ name, state }]));
  const isComparable = candidate.commit !== null && candidate.commit !== commit;
  const other = isComparable ? notAsIn(source, files).map(({ name }) => name) : [];
  return {
    ...{ commit, folder, ...(unlisted && { unlisted }), files: files.length },
    ...{ changed: changed.slice(0, namedMax), changedCount: changed.length },
    ...{ other: other.slice(0, namedMax), otherCount: other.length },
  };
}

/** Files as a commit has them, and not as the candidate has them. A submodule is one file here, and many there. */
function notAsIn(source: readonly SourceFile[], files: readonly WorkingFile[]): WorkingFile[] {
  const known = new Map(source.map((each) => [each.name, each]));
  return files.filter(({ name, sha256, mode, state }) => {
    if (state !== undefined || mode === '160000') return false;
    const own = known.get(name);
    return own?.sha256 !== sha256 || own.mode !== mode;
  });
}

/** Whether the working folder is at the very commit that is the candidate, which was checked out beside it. */
const isOfCandidate = ({ commit }: WorkingPlace, { commit: own, dirty, package: packed }: SignoffReport['candidate']) =>
  commit !== null && commit === own && !dirty && packed === null;

/** What git takes for unchanged, and a checkout of the same commit has otherwise (other line ends, say), is changed. */
export function asCheckedOut(
  place: WorkingPlace,
  files: readonly WorkingFile[],
  { candidate, source }: JudgedCandidate,
): readonly WorkingFile[] {
  if (!isOfCandidate(place, candidate)) return files;
  const other = new Set(notAsIn(source, files));
  return files.map((each) => (other.has(each) ? { ...each, state: 'changed' } : each));
}

/** `a.json (untracked)`: as a person reads it. */
export const changeWords = ({ name, state }: SignedWorkingFolder['changed'][number]): string =>
  `${name} (${state === 'meanwhile' ? 'changed while it ran' : state})`;

/** A name of the project, in the list: its own folder is `place.folder`. Undefined for what lies outside. */
function nameInList(name: string, { folder }: WorkingPlace): string | undefined {
  const parts = folder === '' ? [] : folder.split('/');
  for (const part of name.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== '.' && part !== '') parts.push(part);
  }
  return name.startsWith('/') ? undefined : parts.join('/');
}

/** Where a file that drove it came from: whoever verifies comes to the same by both lists. @param files undefined: there is no list */
export function originIn(
  { name, sha256 }: Pick<SignedInput, 'name' | 'sha256'>,
  { place, files, isOwn }: { place: WorkingPlace; files: WorkingFiles | undefined; isOwn: boolean },
): string {
  if (isOwn) return ofCandidate;
  const listed = nameInList(name, place);
  if (listed === undefined) return ofElsewhere;
  const parts = listed.split('/');
  if (parts.includes('node_modules')) return ofPackages;
  const above = parts.map((_, at) => parts.slice(0, at + 1).join('/'));
  // Only a recording is named by a link: where that leads to no list says.
  if (above.some((each) => files?.get(each)?.mode === '120000')) return ofElsewhere;
  const file = files?.get(listed);
  const isCommitted = file !== undefined && file.state === undefined && file.sha256 === sha256;
  return isCommitted && place.commit !== null ? `${ofCommit}${place.commit}` : ofFolder;
}

export type WorkingFiles = ReadonlyMap<string, WorkingFile>;
export const byName = (files: readonly WorkingFile[]): WorkingFiles => new Map(files.map((each) => [each.name, each]));

/** The plain file of the list that a name in the project means; undefined where it means none. */
export function fileNamed(name: string, place: WorkingPlace, files: WorkingFiles): WorkingFile | undefined {
  const file = files.get(nameInList(name, place) ?? '');
  return file === undefined || !isLying(file) || file.mode === '120000' || file.mode === '160000' ? undefined : file;
}

/** What the list contradicts. */
export function workingFault(
  place: WorkingPlace,
  files: readonly WorkingFile[],
  { candidate, source }: JudgedCandidate,
): string | undefined {
  const other = isOfCandidate(place, candidate) ? notAsIn(source, files)[0] : undefined;
  return other && `${other.name} is not as the candidate has it, whose commit was checked out there`;
}
