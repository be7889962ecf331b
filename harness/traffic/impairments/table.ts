/** Every kind of impairment, in the order in which help lists them. A new one is a row here and its file in `kinds/`. */
import type { ImpairmentRow } from './impairment.ts';
import { burst } from './kinds/burst.ts';
import { corrupt, truncate } from './kinds/damage.ts';
import { halfDuplex, skew } from './kinds/direction.ts';
import { gemodel, loss, lossList, lossSegment, state } from './kinds/loss.ts';
import { duplicate, reorder } from './kinds/order.ts';
import { overlap, resegment } from './kinds/segments.ts';
import { clockStep, delay, jitter, rate } from './kinds/time.ts';

export const impairmentTable: readonly ImpairmentRow[] = [
  loss,
  gemodel,
  state,
  lossList,
  lossSegment,
  reorder,
  duplicate,
  corrupt,
  truncate,
  delay,
  jitter,
  rate,
  skew,
  halfDuplex,
  overlap,
  resegment,
  clockStep,
  burst,
];

const rows = new Map(impairmentTable.map((row) => [row.name, row]));

export function findImpairment(name: string): ImpairmentRow | undefined {
  return rows.get(name);
}
