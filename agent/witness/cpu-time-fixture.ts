/** CPU time of short tasks, for tests only. */

/** A task that takes less is not tried again. */
const shortMs = 10;

/**
 * Milliseconds of CPU, and not elapsed, since other tests run beside this one: of one try, or where that was long, the least of
 * four. Compilation, garbage, and a busy sibling of the core only add.
 */
export function leastMsOf(task: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 4 && least > shortMs; tries += 1) {
    const from = process.threadCpuUsage();
    task();
    least = Math.min(least, process.threadCpuUsage(from).user / 1e3);
  }
  return least;
}
