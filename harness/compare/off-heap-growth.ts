/** Buffers lie off V8's heap: a version that moves its growth there is not within a limit on what the heap allocates. Pure. */
import { median } from 'simple-statistics';
import { formatBytes } from '../../reports/format.ts';
import { type Judgement, takenBack } from './judge.ts';

const heapName = 'allocated.perRequest';
const offHeapName = 'allocated.offHeapPerRequest';
/** Buffers are cut out of slabs of 64 KiB: two more of them in a window of some hundred requests are no growth. */
const bytesMin = 512;
const uncounted =
  `memory off the heap (buffers) was not counted in these runs, and ${heapName} does not hold it: ` +
  `floodgate compare --metric ${heapName} counts it`;
/** Of the pairs. */
const pairsShareMin = 2 / 3;

/** Takes back that allocation is within its limit where what the limit does not hold has grown by more, or is not known. */
export function withoutOffHeapGrowth(judgement: Judgement): Judgement {
  const heap = judgement.metrics.find(({ name }) => name === heapName);
  const offHeap = judgement.metrics.find(({ name }) => name === offHeapName);
  if (heap?.decision !== 'within' || offHeap?.decision !== 'shown') return judgement;
  if ([...offHeap.base, ...offHeap.head].some((bytes) => bytes === null))
    return takenBack(judgement, uncounted, (metric) => metric === heap);
  const growths = heap.base.flatMap((onHeap, at) => {
    const [before, after] = [offHeap.base[at], offHeap.head[at]];
    if (onHeap === null || before === null || before === undefined || after === null || after === undefined) return [];
    return [{ bytes: after - before, least: Math.max(bytesMin, heap.threshold! * (onHeap + before)) }];
  });
  const grown = growths.filter(({ bytes, least }) => bytes > least);
  if (grown.length === 0 || grown.length < pairsShareMin * heap.base.length) return judgement;
  const note =
    `off-heap memory grew by ${formatBytes(median(grown.map(({ bytes }) => bytes)))} a request, ` +
    `which ${heapName} does not count: give ${offHeapName} a threshold`;
  return takenBack(judgement, note, (metric) => metric === heap);
}
