/**
 * The memory of several processes together, with pages that they share counted once: the sum of their PSS. PSS takes the kernel
 * milliseconds and is read once a second and whenever a process comes or goes; in between, what a process has more in RSS than at the
 * reading is its own. Pure.
 */

export interface TreePart {
  /** Resident memory; null where it was not read. */
  readonly tMs: readonly number[];
  readonly rss: readonly (number | null)[];
  /** Of it, what other processes answer for (RSS less PSS), by reading. */
  readonly sharedMs: readonly number[];
  readonly shared: readonly (number | null)[];
  /** After it the process was gone; null where it was there to the end. */
  readonly endMs: number | null;
}

export interface TreeLine {
  readonly tMs: number[];
  readonly bytes: number[];
}

/** The sum at every moment at which one of them was read. */
export function treeLine(parts: readonly TreePart[]): TreeLine {
  const steps = parts.flatMap((part, index) => stepsOf(part, index)).sort((a, b) => a.tMs - b.tMs);
  const levels = new Float64Array(parts.length);
  const line: TreeLine = { tMs: [], bytes: [] };
  let sum = 0;
  for (const { tMs, index, bytes } of steps) {
    sum += bytes - levels[index]!;
    levels[index] = bytes;
    if (line.tMs.at(-1) === tMs) line.bytes[line.bytes.length - 1] = sum;
    else {
      line.tMs.push(tMs);
      line.bytes.push(sum);
    }
  }
  return line;
}

interface Step {
  readonly tMs: number;
  readonly index: number;
  readonly bytes: number;
}

function stepsOf({ tMs, rss, sharedMs, shared, endMs }: TreePart, index: number): Step[] {
  const steps: Step[] = [];
  // A reading that comes right after the first sample holds for it too.
  let of = shared.find((each) => each !== null) ?? 0;
  let next = 0;
  for (const [i, ms] of tMs.entries()) {
    const bytes = rss[i];
    if (bytes === null || bytes === undefined || (endMs !== null && ms > endMs)) continue;
    for (; next < sharedMs.length && sharedMs[next]! <= ms; next += 1) of = shared[next] ?? of;
    steps.push({ tMs: ms, index, bytes: Math.max(0, bytes - of) });
  }
  if (endMs !== null) steps.push({ tMs: Math.max(endMs, steps.at(-1)?.tMs ?? 0), index, bytes: 0 });
  return steps;
}
