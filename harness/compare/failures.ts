/**
 * Failed requests, which no threshold has to name: a version that answers errors allocates less, and would look better. Pure.
 */
import type { ComparedDecision } from '../../reports/comparison.ts';

export const failuresName = 'requests.failed';

interface Failures {
  readonly base: readonly (number | null)[];
  readonly head: readonly (number | null)[];
  /** Of each side, why a run has no number. */
  readonly why?: Readonly<Record<'base' | 'head', string>>;
}

/**
 * Worse where every run of the head fails more requests than every run of the base: of identical versions, five pairs do that once in
 * 252 times. Undefined where nothing failed, or nothing counted.
 */
export function judgeFailures({ base, head, why }: Failures): { decision: ComparedDecision; note: string } | undefined {
  if (![...base, ...head].every((value) => value !== null)) {
    // A zero was counted: so would those of the head be.
    if (base.includes(0) && !base.includes(null) && head.every((value) => value === null)) {
      const reason = why?.head ? `: ${why.head}` : '';
      return { decision: 'undecided', note: `how many requests failed is known of the base alone${reason}` };
    }
    // Load generators that report failures where there were some, and otherwise nothing.
    if (!head.some((value) => value !== null && value > 0)) return undefined;
    return {
      decision: 'undecided',
      note: 'runs of the head failed requests, and it is not known how many failed in the others',
    };
  }
  const [before, after] = [base as number[], head as number[]];
  if (before.length === 0 || Math.max(...before, ...after) === 0) return undefined;
  if (Math.min(...after) > Math.max(...before)) {
    return { decision: 'worse', note: 'every run of the head failed more requests than any run of the base' };
  }
  if (sumOf(after) > sumOf(before)) {
    return { decision: 'undecided', note: 'some runs of the head failed more requests: see load.log of these' };
  }
  return { decision: 'within', note: '' };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
