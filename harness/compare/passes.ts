/**
 * Allocation repeats, and buffers can be counted, under V8 arguments that no program runs by in production; time and resident memory are judged
 * without them. Where thresholds are on both, each is judged in pairs of its own. Pure.
 */
import type { ComparedMetric, ComparedScenario } from '../../reports/comparison.ts';
import { counted } from '../../reports/counted.ts';
import type { Lane } from '../../reports/model.ts';
import { failuresName } from './failures.ts';
import { isMovedByNeighbours } from './fitness.ts';

export interface ComparedPass {
  readonly thresholds: ReadonlyMap<string, number>;
  /** Before the names of its runs, and of what it says. */
  readonly prefix: '' | 'allocation-';
  /** Of the error of one verdict. */
  readonly errorShare: number;
}

const isAllocated = (name: string) => name.startsWith('allocated.');
/** Counted inside of Node.js alone: other programs have no such arguments. */
const isByRequest = (name: string) => /^allocated\..*perRequest$/i.test(name);

/** All in the same pairs. */
export const onePass = (thresholds: ComparedPass['thresholds']): ComparedPass => ({
  thresholds,
  prefix: '',
  errorShare: 1,
});

export type ComparedPasses = readonly [ComparedPass, ComparedPass?];

/** One, or allocation and then the others, half of the error each. */
export function passesOf(thresholds: ReadonlyMap<string, number>, lane: Lane): ComparedPasses {
  const names = [...thresholds.keys()];
  if (lane !== 'load' || !names.some(isByRequest) || !names.some(isMovedByNeighbours)) return [onePass(thresholds)];
  const part = (isOf: (name: string) => boolean) => new Map([...thresholds].filter(([name]) => isOf(name)));
  return [
    { thresholds: part(isAllocated), prefix: 'allocation-', errorShare: 0.5 },
    { thresholds: part((name) => !isAllocated(name)), prefix: '', errorShare: 0.5 },
  ];
}

/** Each metric from the pass that fits it; requests that fail in either have failed. */
export function passesTogether(allocation: ComparedScenario, others: ComparedScenario): ComparedScenario {
  const [inAllocation, inOthers] = [byName(allocation), byName(others)];
  const names = new Set([...inOthers.keys(), ...inAllocation.keys()]);
  const metrics = [...names].map((name): ComparedMetric => {
    const [own, other] = [inAllocation.get(name), inOthers.get(name)];
    if (own === undefined || other === undefined) return (own ?? other)!;
    if (name === failuresName) return severity(own) > severity(other) ? own : other;
    return isAllocated(name) ? own : other;
  });
  const method =
    allocation.method === 'numbers' ? 'repeats agree, numbers compared' : 'change and interval of their ratios';
  const text = `allocation is judged in ${counted(allocation.pairs, 'pair')} of its own, with --repeatable (${method})`;
  const said = new Set(others.notes.map((note) => note.text));
  const fault = allocation.fault ?? others.fault;
  return {
    ...others,
    metrics,
    ...(fault !== undefined && { fault }),
    notes: [{ severity: 'info', text }, ...allocation.notes.filter((note) => !said.has(note.text)), ...others.notes],
  };
}

const byName = ({ metrics }: ComparedScenario) => new Map(metrics.map((metric) => [metric.name, metric]));

const severity = ({ decision }: ComparedMetric) =>
  ['shown', 'within', 'notMeasured', 'undecided', 'worse'].indexOf(decision);
