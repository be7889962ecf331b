/** How many readings a figure rests on, for the statement. Pure. */
import type { BudgetResult } from '../../reports/model.ts';
import type { Measurement } from '../report/measurement.ts';

const sizes: readonly (readonly [beginning: string, size: (measurement: Measurement) => number])[] = [
  ['rss.', ({ pass }) => pass.watch.levels.tMs.length],
  ['pss.', ({ pass }) => pass.watch.rollup.tMs.length],
  ['uss.', ({ pass }) => pass.watch.rollup.tMs.length],
  ['gc.', ({ pass }) => pass.channel.gc.length],
  ['heap.', ({ pass }) => pass.channel.v8.tMs.length + pass.channel.gc.length],
  ['external.', ({ pass }) => pass.channel.v8.tMs.length + pass.channel.gc.length],
  ['arrayBuffers.', ({ pass }) => pass.channel.v8.tMs.length],
  ['handles.', ({ pass }) => pass.channel.v8.tMs.length],
  ['growth.', ({ settled, pass }) => settled?.length ?? pass.watch.rss.tMs.length],
  ['recovery.', ({ pass }) => pass.watch.rss.tMs.length],
  ['allocated.perRequest', ({ pass }) => pass.channel.marks.length],
];

/** By budget; what was not measured rests on none, a count of the whole run on one. */
export function sampleSizes(
  budgets: readonly BudgetResult[],
  measurement: Measurement,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    budgets.map(({ name, state }) => {
      const size = sizes.find(([beginning]) => name.startsWith(beginning))?.[1];
      return [name, state === 'notMeasured' ? 0 : (size?.(measurement) ?? 1)];
    }),
  );
}
