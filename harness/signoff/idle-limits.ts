/** Limits that nothing can exceed on the machine of a sign-off: they hold whatever was measured, and judge nothing. Pure. */
import type { BudgetResult } from '../../reports/model.ts';
import type { SignoffReport } from '../../reports/signoff.ts';

/** Memory that is there at one time, and no sum over time. */
const isResident = (name: string) => /^(rss|pss|uss|tree|cgroup|heap|external|arrayBuffers)\./.test(name);

export interface IdleBounds {
  readonly memoryBytes: number;
  readonly cores: number;
  /** Nothing in a run lasts longer. */
  readonly elapsedSeconds: number;
}

/** @returns why nothing can exceed it; undefined where something can */
export function whyIdle(
  { name, unit, bound, limit }: Pick<BudgetResult, 'name' | 'unit' | 'bound' | 'limit'>,
  { memoryBytes, cores, elapsedSeconds }: IdleBounds,
): string | undefined {
  if (bound === 'min') return limit <= 0 ? 'nothing is less' : undefined;
  if (unit === 'share') return limit >= 1 ? 'it allows all of it' : undefined;
  if (unit === 'bytes' && isResident(name) && limit >= memoryBytes) return 'the machine has no more memory';
  const seconds = unit === 'ms' ? limit / 1000 : unit === 'seconds' ? limit : 0;
  if (seconds >= elapsedSeconds * cores) return 'the sign-off took no longer';
  return limit >= Number.MAX_SAFE_INTEGER ? 'nothing counts so far' : undefined;
}

export interface IdleLimit {
  /** As `testsOf` calls it. */
  readonly test: string;
  readonly why: string;
}

type Judged = Pick<SignoffReport, 'machine' | 'startedAt' | 'signedAt' | 'scenarios'>;

/** Limits of runs. A threshold is at most 1 wherever one is read. */
export function idleLimits({ machine, startedAt, signedAt, scenarios }: Judged): IdleLimit[] {
  const bounds = { ...machine, elapsedSeconds: (Date.parse(signedAt) - Date.parse(startedAt)) / 1000 };
  return scenarios.flatMap(({ name, runs }) =>
    runs.flatMap(({ lane, budgets }) =>
      budgets.flatMap((row) => {
        const why = whyIdle(row, bounds);
        return why === undefined ? [] : [{ test: `${name}/${lane}/${row.name}`, why }];
      }),
    ),
  );
}
