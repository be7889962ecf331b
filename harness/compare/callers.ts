/** Which functions call which, by the stacks of a profile: what a function is recognised by where its text is not known. Pure. */
import { isNobodysFault } from '../explain/suspects.ts';
import type { Profile } from '../profile/profile.ts';

/** Further up are frameworks and entry points, which every function has in common. */
const framesMax = 64;

/** A function by its file and name. */
export const functionKey = (file: string, functionName: string): string => `${file}\0${functionName}`;

export type Callers = ReadonlyMap<string, ReadonlySet<string>>;

/** The program's own functions that are above each function on any stack, the runtime's code left out. */
export function callersIn({ parent, site, sites }: Profile): Callers {
  const keys = sites.file.map((file, at) => functionKey(file, sites.functionName[at]!));
  const isRuntime = sites.file.map(isNobodysFault);
  const callers = new Map<string, Set<string>>();
  for (let node = 1; node < parent.length; node += 1) {
    if (isRuntime[site[node]!]) continue;
    const own = keys[site[node]!]!;
    let above = callers.get(own);
    if (above === undefined) callers.set(own, (above = new Set()));
    let up = parent[node]!;
    for (let frames = 0; up > 0 && frames < framesMax; frames += 1, up = parent[up]!)
      if (!isRuntime[site[up]!] && keys[site[up]!] !== own) above.add(keys[site[up]!]!);
  }
  return callers;
}
