/**
 * The account of exchanges: sent = stored + shed by a named policy + damaged by the impairment, and what is in none of
 * these is missing. Damaged is also what was found whole and is in no pair, where the truth knows that bytes of its connection
 * were not delivered: pairs that the rest does not prove are none. What the agent left out under overload it has counted by halves and exchanges that were whole: it stands
 * in the account as if it were in a witness, so that nothing else can hide behind it. Both ends are counted by others than the
 * agent: the sender's truth, and the rows of the collector's store. Pure.
 */
import type { Exchanges } from '../../reports/model.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import type { Truth } from '../traffic/traffic.ts';
import { exchangeCounters, framesShed } from './overload.ts';
import { uncountedMessages } from './reading.ts';

type Counters = Readonly<Record<string, number>>;

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
  const absent = notInWitnesses(truth, counters);
  const unpaired = unpairedIn(truth, counters);
  const unexplained = Math.max(0, absent - unpaired - sumOf(policies));
  const evicted = Math.min(unexplained, counters[givenEarly] ?? 0);
  const early = { ...policies, [givenEarly]: evicted };
  const unseen = unexplained - evicted;
  const hidden = Math.min(unseen, framesShed({ stats }));
  const notMade = unseen - hidden;
  // More rows than witnesses is no account either: something was stored twice.
  const notStored = Math.abs(witnesses - sumOf(late) - companion.witnesses);
  const intact = intactOf(truth);
  const whole = Math.max(0, Math.min(counters['witness.exchangesWhole'] ?? 0, companion.witnesses));
  // What was lost at both places may be counted twice, as half a witness that was made and not stored.
  const leftOut = (counters['overload.exchangesWhole'] ?? 0) + hidden + unpaired;
  const missing = Math.min(notMade + notStored, Math.max(intact - whole - leftOut, notMade, notStored));
  const shed: Record<string, number> = {
    ...early,
    ...named(exchangeCounters, counters),
    [byConnection]: hidden,
    ...late,
  };
  // A half in no pair is left out by itself: with the other one it is one exchange, which stands among the damaged.
  const sum = whole + sumOf(shed) + missing + unpaired;
  let twice = Math.min(sum - truth.requests, sumOf(halvesLeftOut(counters)));
  for (const name of exchangeCounters) {
    const less = Math.max(0, Math.min(twice, shed[name]!));
    shed[name]! -= less;
    twice -= less;
  }
  return {
    sent: truth.requests,
    intact,
    stored: companion.witnesses,
    // Rows that no witness explains are not known to be those of other exchanges: what is sent is the sum of what became of it.
    storedWhole: Math.max(0, Math.min(whole, truth.requests - sumOf(shed) - missing - unpaired)),
    shed: Object.fromEntries(Object.entries(shed).filter(([, count]) => count > 0)),
    missing,
    unanswered: Math.max(0, truth.requests - truth.responses),
    ...(unpaired > 0 && { unpaired }),
  };
}

/** Where only messages were counted, those damaged may be of as many exchanges. */
export function intactOf({ requests, responses, requestsIntact, responsesIntact, exchangesIntact }: Truth): number {
  return exchangesIntact ?? Math.max(0, requestsIntact + responsesIntact - Math.max(requests, responses));
}

/**
 * Exchanges delivered whole that are in no witness as such: by their requests, by their responses, by both together, and by
 * halves that stand alone although the other half was there to be seen. One exchange leaves one half of each kind alone.
 */
function notInWitnesses(truth: Truth, counters: Counters): number {
  const { requests, responses, exchanges } = notWhole(truth, counters);
  // Halves of what is not whole stand alone by right: a request that was never answered, for one.
  const intact = intactOf(truth);
  const requestsAlone = of(counters, 'requestsAlone') - (truth.requests - intact);
  const responsesAlone = of(counters, 'responsesAlone') - (truth.responses - intact);
  return Math.max(requests, responses, exchanges, requestsAlone, responsesAlone, 0);
}

/** Messages and exchanges delivered whole, less those that were found so; less than 0 where damaged ones were found too. */
function notWhole(truth: Truth, counters: Counters) {
  const found = (name: string) => of(counters, name) + (counters[`overload.${name}`] ?? 0);
  return {
    requests: truth.requestsIntact - found('requestsWhole'),
    responses: truth.responsesIntact - found('responsesWhole'),
    exchanges: intactOf(truth) - found('exchangesWhole'),
  };
}

/**
 * Exchanges of which both halves were found whole, in no pair, as far as the truth knows connections with so many of which other
 * bytes were not delivered, and the agent has counted as many halves that it could not pair.
 */
function unpairedIn(truth: Truth, counters: Counters): number {
  const { requests, responses, exchanges } = notWhole(truth, counters);
  const apart = exchanges - Math.max(0, requests) - Math.max(0, responses);
  const leftOut = halvesLeftOut(counters);
  const requestsAlone = of(counters, 'requestsAlone') + leftOut.requests;
  const alone = Math.min(requestsAlone, of(counters, 'responsesAlone') + leftOut.responses);
  const notPaired = Math.min(counters['http.requestsUnanswered'] ?? 0, counters['http.responsesUnasked'] ?? 0);
  return Math.max(0, Math.min(apart, alone, notPaired, truth.exchangesTouched ?? 0));
}

/** Whole halves without another that were left out under overload. */
function halvesLeftOut(counters: Counters) {
  const left = (name: string) =>
    Math.max(0, (counters[`overload.${name}`] ?? 0) - (counters['overload.exchangesWhole'] ?? 0));
  return { requests: left('requestsWhole'), responses: left('responsesWhole') };
}

function of(counters: Counters, name: string): number {
  return counters[`witness.${name}`] ?? 0;
}

function named(names: readonly string[], counters: Counters): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, counters[name] ?? 0]));
}

/** Exchanges that are missing, or were in connections that were left out: nobody can say which. */
export function hiddenIn({ shed }: Exchanges): number {
  return shed[byConnection] ?? 0;
}

export function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
