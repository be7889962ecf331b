/** A file of a bundle that has to be there, and JSON that floodgate has written. Pure. */
import { parseWritten } from './bounded-json.ts';
import type { BundleFiles } from './bundle-room.ts';
import { type Reason, refused } from './refusal.ts';

/** @throws Refused */
export function contentOf(files: BundleFiles, name: string): Buffer {
  const content = files.get(name);
  if (!content) throw refused('data-missing', `${name} is missing`);
  return content;
}

/** @param end what stands behind the value. @throws Refused */
export function parsed(content: Buffer, reason: Reason, name: string, end = '\n'): unknown {
  try {
    return parseWritten(content, end);
  } catch (error) {
    throw refused(reason, `${name} is no JSON of a bundle: ${(error as Error).message.slice(0, 200)}`);
  }
}
