/** What a report says of its measuring pass and nothing else: whoever has the measurement makes it again. Pure. */
import type { RunReport } from '../../reports/model.ts';
import { accountOf } from '../metrics/account.ts';
import { droppedByTarget } from '../metrics/delivery.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import { countsOf } from '../watch/agent-counters.ts';
import { gcEventsOf } from './series.ts';

export type Derived = Pick<RunReport, 'gc' | 'phases' | 'counters' | 'ledger' | 'messages' | 'exchanges'>;

export function derivedOf(measure: MeasuredPass): Derived {
  return {
    gc: gcEventsOf(measure),
    phases: measure.watch.phases.map((phase) => ({ ...phase })),
    counters: measure.stats.final?.values ?? {},
    ledger: ledgerOf(measure),
    messages: messagesOf(measure),
    exchanges: exchangesOf(measure),
  };
}

/** What was sent and delivered; null where no frames were. */
function ledgerOf({ sending, stats, lane }: MeasuredPass): RunReport['ledger'] {
  if (!sending) return null;
  const { framesSent, bytesSent, link, balanced } = sending.ledger;
  return {
    framesSent,
    bytesSent,
    framesDelivered: link.frames,
    bytesDelivered: link.bytes,
    framesDropped: droppedByTarget(countsOf(stats), lane),
    ok: balanced,
  };
}

/** What the agent found of what was there; null where either is unknown. */
function messagesOf({ sending, stats }: MeasuredPass): RunReport['messages'] {
  const truth = sending?.truth;
  const { requestsComplete: requests, responsesComplete: responses } = countsOf(stats);
  if (!truth || requests === null || responses === null) return null;
  return {
    found: { requests, responses },
    truth: { requests: truth.requestsIntact, responses: truth.responsesIntact },
    mayBeLost: {
      requests: truth.requests - truth.requestsIntact,
      responses: truth.responses - truth.responsesIntact,
    },
  };
}

function exchangesOf(measure: MeasuredPass): RunReport['exchanges'] {
  const account = accountOf(measure);
  return typeof account === 'string' ? null : account;
}
