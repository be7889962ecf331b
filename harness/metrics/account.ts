/**
 * The account of exchanges: sent = stored + shed by a named policy + damaged by the impairment, and what is in none of
 * these is missing. What the agent left out under overload it has counted by halves and exchanges that were whole: it stands
 * in the account as if it were in a witness, so that nothing else can hide behind it. Both ends are counted by others than the
 * agent: the sender's truth, and the rows of the collector's store. Pure.
 */
import type { Exchanges } from '../../reports/model.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import type { Truth } from '../traffic/traffic.ts';
import { exchangeCounters, framesShed } from './overload.ts';
import { uncountedMessages } from './reading.ts';

/** Policies that leave an exchange without its witness: in the order of the pipeline, by the agent's counters. */
const beforeWitness = [
  'filter.excludedHost',
  'filter.excludedPath',
  'filter.sampledOut',
  'filter.rateLimited',
] as const;
/** Exchanges that were given out early, halves of them alone: of one that was never answered nothing is left out by that. */
const givenEarly = 'witness.pendingEvicted';
/** Of connections that the kernel left out for the agent, frames are counted, and an exchange has one at least. */
const byConnection = 'overload.connections';
const afterWitness = [
  'witnessFile.duplicates',
  'witnessFile.tooLong',
  'upload.witnessesRefused',
  'upload.witnessesShed',
] as const;

/** @returns the account, or why there is none */
export function accountOf({ sending, stats, companion }: MeasuredPass): Exchanges | string {
  const truth = sending?.truth;
  if (!truth) return uncountedMessages;
  const counters = stats.final?.values;
  if (counters === undefined) return 'the target left no counters: it died, or it is not our agent';
  const witnesses = counters['witness.witnesses'];
  if (witnesses === undefined) return 'the agent made no witnesses: it ended after an earlier stage';
  if (!companion) return 'nothing was uploaded: the agent ended after an earlier stage';
  const policies = named(beforeWitness, counters);
  const late = named(afterWitness, counters);
  const unexplained = Math.max(0, notInWitnesses(truth, counters) - sumOf(policies));
  const evicted = Math.min(unexplained, counters[givenEarly] ?? 0);
  const early = { ...policies, [givenEarly]: evicted };
  const unseen = unexplained - evicted;
  const hidden = Math.min(unseen, framesShed({ stats }));
  const notMade = unseen - hidden;
  // More rows than witnesses is no account either: something was stored twice.
  const notStored = Math.abs(witnesses - sumOf(late) - companion.witnesses);
  const intact = intactOf(truth);
  const storedWhole = Math.max(0, Math.min(counters['witness.exchangesWhole'] ?? 0, companion.witnesses));
  // What was lost at both places may be counted twice, as half a witness that was made and not stored.
  const most = Math.max(intact - storedWhole - (counters['overload.exchangesWhole'] ?? 0) - hidden, notMade, notStored);
  const shed = { ...early, ...named(exchangeCounters, counters), [byConnection]: hidden, ...late };
  return {
    sent: truth.requests,
    intact,
    stored: companion.witnesses,
    storedWhole,
    shed: Object.fromEntries(Object.entries(shed).filter(([, count]) => count > 0)),
    missing: Math.min(notMade + notStored, most),
    unanswered: Math.max(0, truth.requests - truth.responses),
  };
}

/** Where only messages were counted, those damaged may be of as many exchanges. */
export function intactOf({ requests, responses, requestsIntact, responsesIntact, exchangesIntact }: Truth): number {
  return exchangesIntact ?? Math.max(0, requestsIntact + responsesIntact - Math.max(requests, responses));
}

/**
 * Exchanges delivered whole that are in no witness as such: by their requests, by their responses, by both together, and by
 * halves that stand alone although the other half was there to be seen.
 */
function notInWitnesses(truth: Truth, counters: Readonly<Record<string, number>>): number {
  const of = (name: string) => counters[`witness.${name}`] ?? 0;
  const whole = (name: string) => of(name) + (counters[`overload.${name}`] ?? 0);
  // Halves without another that could have been seen stand alone by right: a request that was never answered, for one.
  const requestsAlone = Math.max(0, truth.requests - truth.responsesIntact);
  const responsesAlone = Math.max(0, truth.responses - truth.requestsIntact);
  const apart = Math.max(0, of('requestsAlone') - requestsAlone) + Math.max(0, of('responsesAlone') - responsesAlone);
  return Math.max(
    truth.requestsIntact - whole('requestsWhole'),
    truth.responsesIntact - whole('responsesWhole'),
    intactOf(truth) - whole('exchangesWhole'),
    apart,
    0,
  );
}

function named(names: readonly string[], counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, counters[name] ?? 0]));
}

/** Exchanges that are missing, or were in connections that were left out: nobody can say which. */
export function hiddenIn({ shed }: Exchanges): number {
  return shed[byConnection] ?? 0;
}

export function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
