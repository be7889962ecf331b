/** A capture file as a scenario of its own: replayed as it was recorded, nothing known of what it holds. */
import path from 'node:path';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
import { articleMemory, type Scenario } from './scenario.ts';

/** A scenario without its traffic, which the sender opens for itself. */
export type ScenarioHead = Omit<Scenario, 'open'>;

export function captureScenario(file: string): {
  readonly scenario: ScenarioHead;
  readonly traffic: Extract<TrafficOrder, { kind: 'recording' }>;
} {
  const scenario: ScenarioHead = {
    name:
      path
        .basename(file)
        .replace(/\.(pcap|pcapng|cap)(\.gz|\.zst)?$/i, '')
        .replace(/^-$/, 'capture')
        .replaceAll(/[^\w-]+/g, '-')
        .slice(0, 60) || 'capture',
    summary: `replay of ${file === '-' ? 'standard input' : path.basename(file)}`,
    seed: 1,
    pace: { kind: 'recorded', speed: 1 },
    lanes: ['tap', 'exact'],
    // The article's, for want of another; --budget sets one's own.
    budget: { ...articleMemory, 'dropped.frames': 0, 'missed.messages': 0 },
  };
  return { scenario, traffic: { kind: 'recording', path: file === '-' ? file : path.resolve(file) } };
}
