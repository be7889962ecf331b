/** Which part of a matrix this machine measures: as typed, or as CI says. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import { cellsMax } from './manifest.ts';

/** `index` counts from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Where a service of CI says which of how many jobs this is. `from`: what its first index is. */
interface Service {
  readonly index: string;
  readonly count?: string;
  readonly from: 0 | 1;
}

const services: readonly Service[] = [
  // GitLab
  { index: 'CI_NODE_INDEX', count: 'CI_NODE_TOTAL', from: 1 },
  // CircleCI
  { index: 'CIRCLE_NODE_INDEX', count: 'CIRCLE_NODE_TOTAL', from: 0 },
  // Buildkite
  { index: 'BUILDKITE_PARALLEL_JOB', count: 'BUILDKITE_PARALLEL_JOB_COUNT', from: 0 },
  // Semaphore
  { index: 'SEMAPHORE_JOB_INDEX', count: 'SEMAPHORE_JOB_COUNT', from: 1 },
  // Azure Pipelines
  { index: 'SYSTEM_JOBPOSITIONINPHASE', count: 'SYSTEM_TOTALJOBSINPHASE', from: 1 },
  // An Indexed Job of Kubernetes says its index alone.
  { index: 'JOB_COMPLETION_INDEX', from: 0 },
];

/**
 * @param text `2/5`; `auto`: by the variables of CI; `auto/5`: where they have no count
 * @throws FloodgateError `option-invalid`
 */
export function parseShard(text: string, environment: Readonly<Record<string, string | undefined>>): Shard {
  const [, first, second] = /^(\d+|auto)(?:\/(\d+))?$/.exec(text) ?? [];
  if (first === undefined) throw invalid(`--shard: "${text}" is no shard`);
  if (first === 'auto') return automatic(second, environment);
  if (second === undefined) throw invalid(`--shard: "${text}" does not say of how many`);
  return checked({ index: Number(first), count: second, said: `--shard ${text}`, counted: '' });
}

function automatic(given: string | undefined, environment: Readonly<Record<string, string | undefined>>): Shard {
  const all = servicesThatSpeak(environment);
  const [chosen] = all;
  if (chosen === undefined) {
    throw invalid(`--shard auto: none of ${services.map(({ index }) => index).join(', ')} is set`);
  }
  refuseContradictions(all, given);
  const { count, total, index, at } = all.find((each) => each.total !== undefined) ?? chosen;
  const said = `--shard auto: ${index}=${at}`;
  if (total === undefined && given === undefined) {
    const empty = count === undefined ? '' : `: ${count} is ${environment[count] === undefined ? 'not set' : 'empty'}`;
    throw invalid(`${said}, and nothing says of how many${empty}`, 'auto/8');
  }
  const counted = total === undefined ? '' : `${count}=`;
  return checked({ index: numberOf(chosen), count: total ?? given!, said, counted });
}

/** What a service of CI says: `at` as its variable has it, `total` where one has it. */
interface Speaking extends Service {
  readonly at: string;
  readonly total: string | undefined;
}

function servicesThatSpeak(environment: Readonly<Record<string, string | undefined>>): Speaking[] {
  // A variable that is set and empty says nothing.
  const textOf = (name: string | undefined) =>
    name === undefined ? undefined : environment[name]?.trim() || undefined;
  return services.flatMap((service) => {
    const at = textOf(service.index);
    return at === undefined ? [] : [{ ...service, at, total: textOf(service.count) }];
  });
}

/** Counted from 1. */
const numberOf = ({ at, from }: Speaking): number => wholeOf(at) + 1 - from;

/** Which one is right nobody knows, and the wrong one leaves cells to no machine. @throws FloodgateError `option-invalid` */
function refuseContradictions(all: readonly Speaking[], given: string | undefined): void {
  const words = ({ index, at, count, total }: Speaking) =>
    `${index}=${at}${total === undefined ? '' : ` with ${count}=${total}`}`;
  const [first, ...others] = all as readonly [Speaking, ...Speaking[]];
  const counts = (each: Speaking) => (each.total === undefined ? [] : [wholeOf(each.total)]);
  const known = all.flatMap(counts)[0];
  const other = others.find((each) => {
    return numberOf(each) !== numberOf(first) || counts(each).some((count) => count !== known);
  });
  if (other !== undefined) {
    throw invalid(`--shard auto: ${words(first)} and ${words(other)} say two different things`);
  }
  const counting = all.find(({ total }) => total !== undefined);
  if (given === undefined || counting === undefined || wholeOf(counting.total!) === wholeOf(given)) return;
  throw invalid(`--shard auto/${given}: ${counting.count}=${counting.total} says another count`, 'auto');
}

interface Said {
  readonly index: number;
  readonly count: string;
  /** The words that say which part it is. */
  readonly said: string;
  /** The variable that says of how many, where one does. */
  readonly counted: string;
}

function checked({ index, count: text, said, counted }: Said): Shard {
  const count = wholeOf(text);
  if (!(count >= 1 && count <= cellsMax)) {
    throw invalid(`${said}: ${counted}${text} is no count of shards: it is a whole number from 1 to ${cellsMax}`);
  }
  if (index >= 1 && index <= count) return { index, count };
  throw invalid(`${said} is none of 1/${count} to ${count}/${count}`);
}

const wholeOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN);

function invalid(message: string, example = '2/5'): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint: `Example: --shard ${example}.` });
}

/** In turn, so that neighbours of a configuration, which are often alike, lie on different machines. */
export function partOf<T>(all: readonly T[], { index, count }: Shard): T[] {
  return all.filter((_, at) => at % count === index - 1);
}
