/** The folder that a bundle is run again in, beside the working folder that it was signed off in. */
import path from 'node:path';
import type { SignoffReport } from '../../reports/signoff.ts';
import type { BundleFiles } from './bundle-room.ts';
import { workingListIn } from './check-working.ts';
import { describe } from './source-list.ts';
import { isLying, type WorkingFile } from './working-list.ts';

/**
 * Files that are not as they were, or are missing: `data.json (missing)`. Those nearest to what drove it come first. Which of them a load
 * reads, it alone knows: files of the service are among them where another commit is checked out, so they are named, and refuse nothing.
 * @param folder of the project, as it lies here
 */
export function otherHere(report: SignoffReport, files: BundleFiles, folder: string): string[] {
  const { working, inputs } = report;
  if (working === undefined) return [];
  const parts = working.folder === '' ? [] : working.folder.split('/');
  const top = path.resolve(folder, ...parts.map(() => '..'));
  const beside = new Set(inputs.map(({ name }) => path.posix.dirname(path.posix.join(working.folder, name))));
  const isBeside = ({ name }: WorkingFile) => beside.has(path.posix.dirname(name));
  const listed = workingListIn(files, report);
  return [...listed.filter(isBeside), ...listed.filter((each) => !isBeside(each))].flatMap((each) => {
    const state = stateHere(each, top);
    return state === undefined ? [] : [`${each.name} (${state})`];
  });
}

/** Undefined where it is the same. Another repository within this one is none of its files. */
function stateHere(file: WorkingFile, top: string): string | undefined {
  if (!isLying(file) || file.mode === '160000') return undefined;
  let here: Pick<WorkingFile, 'sha256' | 'mode'>;
  try {
    here = describe(top, file.name);
  } catch {
    return 'missing';
  }
  const isLink = (each: typeof here) => each.mode === '120000';
  if (here.sha256 !== file.sha256 && isLink(here) === isLink(file)) return 'another';
  return here.mode === file.mode ? undefined : 'of another kind';
}
