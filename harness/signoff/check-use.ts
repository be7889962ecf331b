/** Whether every file of a bundle is one of a sign-off, and of a run that its summary has. Pure. */
import path from 'node:path';
import type { SignoffReport } from '../../reports/signoff.ts';
import type { BundleFiles } from './bundle-room.ts';
import { envelopeName } from './envelope.ts';
import { refused } from './refusal.ts';
import { sourceListName } from './source-list.ts';
import { ledgerFileName, pageName, printName, projectName, summaryName } from './summary.ts';
import { workingListName } from './working-list.ts';

const topNames = new Set([summaryName, ledgerFileName, projectName, sourceListName, pageName, printName, envelopeName]);
const runFile = /^runs\/[^/]+\/[^/]+\/(report\.json|measurement\.json|traffic\.yaml|[\w.-]+\.heapsnapshot)$/;
const pairFile = /^pairs\/[^/]+\/[^/]+\/\d+-(base|head)\.json$/;

/** Files that nobody asks for, and data of a run that the summary leaves out: it may be the one that failed. @throws Refused */
export function checkUse(files: BundleFiles, { scenarios, working }: SignoffReport): void {
  const listsWorking = working !== undefined && working.unlisted === undefined;
  const folders = new Set(
    scenarios.flatMap(({ runs, comparisons }) => [...runs, ...comparisons].flatMap(({ folder }) => folder ?? [])),
  );
  for (const name of files.keys()) {
    if (topNames.has(name) || (listsWorking && name === workingListName)) continue;
    if (!runFile.test(name) && !pairFile.test(name))
      throw refused('file-unexpected', `${name} is no file of a sign-off`);
    const folder = path.posix.dirname(name);
    if (!folders.has(folder)) throw refused('file-unexpected', `${name} is of no run in the summary`);
  }
  for (const { comparisons } of scenarios) {
    for (const { folder, result } of comparisons) {
      const count = [...files.keys()].filter((name) => name.startsWith(`${folder}/`)).length;
      if (count > 2 * result.pairs)
        throw refused('file-unexpected', `${folder} has more runs than ${result.pairs} pairs`);
    }
  }
}
