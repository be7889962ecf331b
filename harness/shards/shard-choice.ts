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
  if (first === 'auto') return automatic(second === undefined ? undefined : Number(second), environment);
  if (second === undefined) throw invalid(`--shard: "${text}" does not say of how many`);
  return checked(Number(first), Number(second), `--shard ${text}`);
}

function automatic(given: number | undefined, environment: Readonly<Record<string, string | undefined>>): Shard {
  for (const { index, count, from } of services) {
    const at = environment[index];
    if (at === undefined) continue;
    const total = (count === undefined ? undefined : environment[count]) ?? given;
    if (total === undefined) throw invalid(`--shard auto: ${index} is set, and nothing says of how many`, 'auto/8');
    return checked(Number(at) + 1 - from, Number(total), `${index}=${at}`);
  }
  const names = services.map(({ index }) => index).join(', ');
  throw invalid(`--shard auto: none of ${names} is set`);
}

function checked(index: number, count: number, from: string): Shard {
  const isWhole = Number.isInteger(index) && Number.isInteger(count);
  if (isWhole && count >= 1 && count <= cellsMax && index >= 1 && index <= count) return { index, count };
  throw invalid(`${from} is none of 1/${count} to ${count}/${count}, at most ${cellsMax}`);
}

function invalid(message: string, example = '2/5'): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint: `Example: --shard ${example}.` });
}

/** In turn, so that neighbours of a configuration, which are often alike, lie on different machines. */
export function partOf<T>(all: readonly T[], { index, count }: Shard): T[] {
  return all.filter((_, at) => at % count === index - 1);
}
