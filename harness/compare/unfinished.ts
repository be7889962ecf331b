/** What a comparison of a scenario has measured by the time it is interrupted: it is shown, and decides nothing. Pure. */
import type { ComparedScenario } from '../../reports/comparison.ts';
import { counted } from '../../reports/counted.ts';

/** Undecided whatever had a decision: fewer pairs than the stopping rule asks for are judged by nobody. */
export function unfinished(compared: ComparedScenario): ComparedScenario {
  const note = `interrupted after ${counted(compared.pairs, 'pair')}: not judged`;
  const metrics = compared.metrics.map((metric) =>
    metric.decision === 'shown' ? metric : { ...metric, decision: 'undecided' as const, note },
  );
  return { ...compared, metrics };
}
