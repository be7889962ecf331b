/** Where one path lies by another. Pure. */
import path from 'node:path';

/** Whether a place lies in a folder, or is it. Both are absolute. */
export function isWithin(place: string, folder: string): boolean {
  const within = path.relative(folder, place);
  return within.split(path.sep)[0] !== '..' && !path.isAbsolute(within);
}
