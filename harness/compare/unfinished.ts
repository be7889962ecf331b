/** What a comparison of a scenario has measured by the time it is interrupted: it is shown, and decides nothing. Pure. */
import type { ComparedScenario } from '../../reports/comparison.ts';
import { counted } from '../../reports/counted.ts';

/**
 * Undecided whatever had a decision: fewer pairs than the stopping rule asks for are judged by nobody. Neither repeats that agree nor an
 * interval are claimed of them.
 */
export function unfinished(compared: ComparedScenario): ComparedScenario {
  const note = `interrupted after ${counted(compared.pairs, 'pair')}: not judged`;
  const metrics = compared.metrics.map((metric) =>
    metric.decision === 'shown'
      ? metric
      : { ...metric, changeLow: null, changeHigh: null, detectable: null, decision: 'undecided' as const, note },
  );
  return { ...compared, method: 'pairs', metrics };
}
