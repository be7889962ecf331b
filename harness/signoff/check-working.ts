/**
 * Whether what drove a sign-off goes with the files of the working folder, with the commands of the project, and with the candidate: a list of
 * drivers that leaves one out, or says of one that it is another, is refused. Pure.
 */
import type { SignedInput, SignoffReport } from '../../reports/signoff.ts';
import type { Project } from '../project/find-config.ts';
import { REDACTED_MARK } from '../redaction/redactor.ts';
import { contentOf } from './bundle-content.ts';
import type { BundleFiles } from './bundle-room.ts';
import { drivingFilesMax, wordsOf } from './command-files.ts';
import { isInSource } from './input-origin.ts';
import { refused } from './refusal.ts';
import type { SourceFile } from './source-list.ts';
import { summaryName } from './summary.ts';
import { typedOptions } from './typed-options.ts';
import {
  byName,
  fileNamed,
  originIn,
  readWorkingList,
  type WorkingFile,
  type WorkingFiles,
  type WorkingPlace,
  workingFault,
  workingListName,
} from './working-list.ts';

/** Empty where the bundle says why there is none. @throws Refused */
export function workingListIn(files: BundleFiles, { working }: SignoffReport): readonly WorkingFile[] {
  if (working === undefined || working.unlisted !== undefined) return [];
  const list = readWorkingList(contentOf(files, workingListName).toString('utf8'));
  if (list !== undefined) return list;
  throw refused('data-invalid', `${workingListName} is no list of the working folder’s files`);
}

/** @throws Refused */
export function checkWorking(
  { candidate, inputs, scenarios, working: place }: SignoffReport,
  { project, source, working }: { project: Project; source: readonly SourceFile[]; working: readonly WorkingFile[] },
): void {
  if (place === undefined) return;
  const files = byName(working);
  const isListed = place.unlisted === undefined;
  const fault =
    workingFault(place, working, { candidate, source }) ??
    folderFault(place, scenarios) ??
    originFault(inputs, { place, source, files: isListed ? files : undefined }) ??
    digestFault(inputs, place, files) ??
    unnamedFault(inputs, { project, place, files });
  if (fault !== undefined) throw refused('summary-invalid', `${summaryName}: ${fault}`);
}

const checkoutFolder = '/.floodgate/compare/checkout';

/** A version is run in a checkout of the whole, in the project's folder of it. */
function folderFault({ folder }: WorkingPlace, scenarios: SignoffReport['scenarios']): string | undefined {
  for (const { command } of scenarios.flatMap(({ runs }) => runs)) {
    if (command.includes(REDACTED_MARK)) continue;
    const valuesOf = typedOptions(command);
    for (const place of [...valuesOf('--target-dir'), ...valuesOf('--agent')]) {
      const at = place.lastIndexOf(checkoutFolder);
      if (at >= 0 && place.slice(at + checkoutFolder.length + 1) !== folder)
        return 'the project lay in another folder of what was checked out';
    }
  }
  return undefined;
}

function originFault(
  inputs: readonly SignedInput[],
  { place, source, files }: { place: WorkingPlace; source: readonly SourceFile[]; files: WorkingFiles | undefined },
): string | undefined {
  const other = inputs.find((each) => each.from !== originIn(each, { place, files, isOwn: isInSource(each, source) }));
  return other && `${other.name} came from elsewhere than the summary says`;
}

function digestFault(inputs: readonly SignedInput[], place: WorkingPlace, files: WorkingFiles): string | undefined {
  const other = inputs.find(({ name, sha256 }) => (fileNamed(name, place, files)?.sha256 ?? sha256) !== sha256);
  return other && `${other.name} has another digest than ${workingListName} has`;
}

/** A file that a command names, and that lay there, drove it. Of a command that held a secret the words are not known. */
function unnamedFault(
  inputs: readonly SignedInput[],
  { project, place, files }: { project: Project; place: WorkingPlace; files: WorkingFiles },
): string | undefined {
  const known = new Set(inputs.map(({ name }) => fileNamed(name, place, files)?.name));
  if (inputs.length >= drivingFilesMax || inputs.some(({ name }) => name.includes(REDACTED_MARK))) return undefined;
  for (const { name: scenario, load, profile, impair, agentArguments = [] } of project.scenarios) {
    for (const word of [load, profile, impair, ...agentArguments].flatMap((text) => wordsOf(text ?? ''))) {
      const file = word.startsWith('/') ? undefined : fileNamed(word, place, files);
      if (file !== undefined && !known.has(file.name))
        return `a command of ${scenario} names ${file.name}, which is not among what drove it`;
    }
  }
  return undefined;
}
