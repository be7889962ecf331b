/** A sweep: one scenario with different limits, losses and rates. Plain data; a cell is one run. */
export interface SweepCell {
  /** `--pages` of the agent. */
  readonly pages: number;
  /** As typed: `1%`, `4x`. */
  readonly loss: string;
  readonly rate: string;
  /** Of all messages that were sent, those that the agent found, 0..1; null: not known. */
  readonly recovered: number | null;
  readonly p99Bytes: number | null;
  /** Whether `p99Bytes` is only the most that it can be: there were too few readings. */
  readonly isAtMost: boolean;
  /** Frames that the capture lost for want of time. */
  readonly dropped: number | null;
  /** Why something is not known; empty where all is. */
  readonly note: string;
}

export interface SweepReport {
  readonly kind: 'sweep';
  readonly schemaVersion: 1;
  readonly scenario: string;
  readonly lane: string;
  readonly command: string;
  readonly durationMs: number;
  readonly cells: readonly SweepCell[];
}

/** Cells that differ by their pages alone, by pages. */
export function sweepLines({ cells }: Pick<SweepReport, 'cells'>): ReadonlyMap<string, readonly SweepCell[]> {
  const lines = Map.groupBy(cells, ({ loss, rate }) => `loss ${loss}, rate ${rate}`);
  return new Map([...lines].map(([name, line]) => [name, line.toSorted((a, b) => a.pages - b.pages)]));
}

/** Bytes of p99 that one per cent more of the messages costs, from the step before; null where none more was recovered, or it is not known. */
export function costOfPercent(cell: SweepCell, before: SweepCell | undefined): number | null {
  if (!before || cell.recovered === null || before.recovered === null) return null;
  if (cell.p99Bytes === null || before.p99Bytes === null || cell.isAtMost || before.isAtMost) return null;
  const percent = (cell.recovered - before.recovered) * 100;
  return percent > 0.01 ? (cell.p99Bytes - before.p99Bytes) / percent : null;
}
