/** The folder that a bundle is run again in, beside the working folder that it was signed off in. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { SignoffReport } from '../../reports/signoff.ts';
import type { BundleFiles } from './bundle-room.ts';
import { workingListIn } from './check-working.ts';
import { describe } from './source-list.ts';
import { isLying, type WorkingFile } from './working-list.ts';

/**
 * Files that are not as they were, or are missing: `data.json (missing)`. Those come first whose names a load's text has, and those beside it.
 * Which of them a load reads, it alone knows: files of the service are among them where another commit is checked out, so they are named, and
 * refuse nothing.
 * @param folder of the project, as it lies here
 */
export function otherHere(report: SignoffReport, files: BundleFiles, folder: string): string[] {
  const { working, inputs } = report;
  if (working === undefined) return [];
  const parts = working.folder === '' ? [] : working.folder.split('/');
  const top = path.resolve(folder, ...parts.map(() => '..'));
  // The configuration drives nothing by what lies beside it, and packages name no file of the project.
  const drivers = inputs.flatMap(({ name, role }) =>
    role === 'definition' || name.split('/').includes('node_modules') ? [] : [path.posix.join(working.folder, name)],
  );
  const beside = new Set(drivers.map((name) => path.posix.dirname(name)));
  const texts = drivers.flatMap((name) => textAt(path.join(top, name)) ?? []);
  const farness = ({ name }: WorkingFile) =>
    (texts.some((text) => text.includes(path.posix.basename(name))) ? 0 : 2) +
    (beside.has(path.posix.dirname(name)) ? 0 : 1);
  const other = workingListIn(files, report).flatMap((each) => {
    const state = stateHere(each, top);
    return state === undefined ? [] : [{ text: `${each.name} (${state})`, farness: farness(each) }];
  });
  return other.sort((a, b) => a.farness - b.farness).map(({ text }) => text);
}

/** A recording, or data, names no file. */
const textBytesMax = 1 << 20;

function textAt(file: string): string | undefined {
  try {
    const stat = statSync(file);
    return stat.isFile() && stat.size <= textBytesMax ? readFileSync(file, 'utf8') : undefined;
  } catch {
    // It is missing here, which is said of it.
    return undefined;
  }
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
