/** The TAP lane runs in a network namespace of its own: the command starts itself again inside one. */
import { bringUpLoopback } from '../link/loopback.ts';
import { isInNamespace, runInNamespace } from '../link/namespace.ts';
import type { Lane } from '../scenario/scenario.ts';
import { recordNote } from './history-record.ts';

/**
 * Returns at once where no namespace is needed or this is the process inside it; otherwise runs this very command
 * inside one and ends with its exit code. @returns how the TAP device is come by, in words
 * @throws FloodgateError where the kernel refuses
 */
export async function enterNamespace(lane: Lane): Promise<string> {
  if (lane === 'exact') return 'none needed (exact lane)';
  if (lane === 'load') return 'none needed';
  if (isInNamespace()) {
    bringUpLoopback();
    return process.getuid?.() === 0 ? 'private network namespace' : 'unprivileged';
  }
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.exit(await runInNamespace(program, recordNote));
}
