/** A descriptor in reserve: a target that has used up its own (by a leak of sockets, say) is still looked into, and not ended by it. */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

let reserved = open();

/**
 * Does what opens one file at a time; where the target has no descriptor left, once more with the one in reserve.
 * @param work synchronous, so that nothing else of this thread takes the descriptor
 * @throws what the work throws
 */
export function withDescriptor<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if ((code !== 'EMFILE' && code !== 'ENFILE') || reserved === undefined) throw error;
  }
  closeSync(reserved);
  reserved = undefined;
  try {
    return work();
  } finally {
    reserved = open();
  }
}

/** Undefined where there is none left. */
function open(): number | undefined {
  try {
    return openSync(devNull, 'r');
  } catch {
    return undefined;
  }
}
