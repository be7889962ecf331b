/** Which part of a matrix this machine measures: as typed, or as CI says. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import { cellsMax } from './partial.ts';

/** `index` counts from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Where CI says which of how many jobs this is. `from`: what its first index is. */
const services: readonly { readonly index: string; readonly count?: string; readonly from: 0 | 1 }[] = [
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
  // A variable that is set and empty says nothing.
  const textOf = (name: string | undefined) =>
    name === undefined ? undefined : environment[name]?.trim() || undefined;
  for (const { index, count, from } of services) {
    const at = textOf(index);
    if (at === undefined) continue;
    const said = `--shard auto: ${index}=${at}`;
    const total = textOf(count);
    if (total === undefined && given === undefined) {
      const empty =
        count === undefined ? '' : `: ${count} is ${environment[count] === undefined ? 'not set' : 'empty'}`;
      throw invalid(`${said}, and nothing says of how many${empty}`, 'auto/8');
    }
    const counted = total === undefined ? '' : `${count}=`;
    return checked({ index: wholeOf(at) + 1 - from, count: total ?? given!, said, counted });
  }
  const names = services.map(({ index }) => index).join(', ');
  throw invalid(`--shard auto: none of ${names} is set`);
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
