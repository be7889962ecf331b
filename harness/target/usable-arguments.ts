/** Which of the arguments that we start Node.js with its version knows. */
import { spawnSync } from 'node:child_process';

const usable = new Map<string, boolean>();

/** Arguments without those flags of V8 that this version does not know: it is asked of all at once, and one by one where it does not know them all. */
export function usableArguments(node: string, nodeArguments: readonly string[]): string[] {
  const isFlag = (argument: string, at: number) =>
    argument.startsWith('--') &&
    argument !== '--import' &&
    nodeArguments[at - 1] !== '--import' &&
    // Known to every version, and trying them leaves a log behind.
    argument !== '--prof' &&
    !argument.startsWith('--logfile');
  const flags = nodeArguments.filter(isFlag);
  const areAllKnown = flags.length === 0 || areKnown(node, flags);
  return nodeArguments.filter((argument, at) => areAllKnown || !isFlag(argument, at) || areKnown(node, [argument]));
}

function areKnown(node: string, flags: readonly string[]): boolean {
  const key = [node, ...flags].join('\0');
  const known = usable.get(key) ?? spawnSync(node, [...flags, '-e', '0']).status === 0;
  usable.set(key, known);
  return known;
}
