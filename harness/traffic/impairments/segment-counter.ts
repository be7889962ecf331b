/** Which segment of its direction of its stream a frame is, by addresses and ports. */
import { LruMap } from '../../../agent/bounded/lru-map.ts';
import { keyWords, Segment } from '../segment.ts';
import { countedFlowsMax } from './limits.ts';
import type { MovingFrame } from './moving-frame.ts';

/** Not secret: the traffic is the operator's own. */
const seed = [0x51ed_270b, 0x2545_f491] as const;

/** @returns what numbers frames: from 1 for segments with payload; 0 for all other frames. A SYN begins again. */
export function segmentCounter(): (frame: MovingFrame) => number {
  const segment = new Segment();
  const flows = new LruMap(countedFlowsMax, keyWords, 1, seed);
  const counts = new Uint32Array(countedFlowsMax * 2);
  return ({ bytes, start, end }) => {
    if (!segment.read(bytes, start, end)) return 0;
    flows.key.set(segment.key);
    let slot = flows.find(keyWords);
    if (slot < 0) {
      // Of too many flows the one that was silent for longest is forgotten.
      if (flows.size === flows.capacity) flows.remove(flows.lists.first(0));
      flows.find(keyWords);
      slot = flows.insert(keyWords, 0);
      counts[slot * 2] = counts[slot * 2 + 1] = 0;
    } else flows.lists.append(0, slot);
    const at = slot * 2 + (segment.isForward ? 0 : 1);
    if (segment.isSyn) counts[at] = 0;
    return segment.payloadBytes > 0 ? ++counts[at]! : 0;
  };
}
