/** Readings of what became of exchanges behind HTTP framing: witnesses, bodies, and the collector they went to. Pure. */
import { accountOf, hiddenIn } from './account.ts';
import type { RunFigures } from './measured-run.ts';
import { hiddenByFlows } from './overload.ts';
import { between, notMeasured, type Reading, value, valueOr } from './reading.ts';

export function missing({ measure }: RunFigures): Reading {
  const account = accountOf(measure);
  if (typeof account === 'string') return notMeasured(account);
  return between(account.missing, account.missing + hiddenIn(account), hiddenByFlows);
}

export function stored({ measure }: RunFigures): Reading {
  const account = accountOf(measure);
  if (typeof account === 'string') return notMeasured(account);
  if (account.intact === 0) return notMeasured('the traffic holds no exchange that was delivered whole');
  return value(Math.min(1, account.storedWhole / account.intact));
}

/** Of bodies that came whole; what a damaged message's body lacks is no cut of the agent's. */
export function bodiesCut({ measure }: RunFigures): Reading {
  const counters = measure.stats.final?.values ?? {};
  if (counters['witness.bodies'] === undefined) {
    return notMeasured('bodies were not looked into: the agent ended after an earlier stage, or it is not our agent');
  }
  const of = (name: string) => counters[`witness.${name}`] ?? 0;
  const byAgent = of('bodiesOverLimit') + of('bodiesDecoderBusy') + of('bodiesUnsupportedCoding') + of('bodiesShed');
  const truth = measure.sending?.truth;
  const damaged = truth
    ? truth.requests - truth.requestsIntact + (truth.responses - truth.responsesIntact)
    : Number.POSITIVE_INFINITY;
  // A gap in a coded body leaves it malformed: only what is beyond the damaged messages is sure to be the agent's doing.
  return value(byAgent + Math.max(0, of('bodiesMalformed') - damaged));
}

export function collectorPeak({ measure: { companion } }: RunFigures): Reading {
  const peak = companion?.watch?.rssPeakBytes;
  return valueOr(peak === 0 ? undefined : peak, 'no collector ran beside the agent');
}
