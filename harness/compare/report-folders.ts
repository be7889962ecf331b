/** Folders that floodgate wrote its reports into: what lies in them is no part of the project beside which they stand. */
import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';

/** What a report folder holds, and how that begins. A file of another program may have the same name. */
const marks: Readonly<Record<string, RegExp>> = {
  'report.json': /^\{\s*"kind":\s*"(?:run|gate)",[\s\S]*"floodgate"/,
  'shard.json': /^\{\s*"kind":\s*"shard",[\s\S]*"floodgate"/,
  'comparison.json': /^\{\s*"kind":\s*"comparison",[\s\S]*"floodgate"/,
  'bisect.json': /^\{\s*"kind":\s*"bisection",/,
  'signoff.json': /^\{\s*"kind":\s*"signoff",[\s\S]*"floodgate"/,
};
/** Holds the kind, and the tool. */
const beginningBytes = 400;

/** @param top of the repository. @returns whether a file, relative to it, lies in such a folder */
export function reportFolders(top: string): (file: string) => boolean {
  const known = new Map<string, boolean>();
  const isReport = (folder: string): boolean => {
    const found = known.get(folder);
    if (found !== undefined) return found;
    // The repository itself is none, whatever lies at its top.
    const is = folder !== '.' && (hasMark(path.join(top, folder)) || isReport(path.dirname(folder)));
    known.set(folder, is);
    return is;
  };
  return (file) => isReport(path.dirname(file));
}

function hasMark(folder: string): boolean {
  return Object.entries(marks).some(([name, mark]) => mark.test(beginningOf(path.join(folder, name))));
}

/** Empty where there is no such file. */
function beginningOf(file: string): string {
  try {
    const handle = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(beginningBytes);
      return bytes.toString('latin1', 0, readSync(handle, bytes));
    } finally {
      closeSync(handle);
    }
  } catch {
    return '';
  }
}
