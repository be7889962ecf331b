/** A plain minute: see harness/traffic/synthesis/steady.ts for its shape. */
import { defineScenario, gateMemory, megabyte, nothingLost } from '../../harness/scenario/scenario.ts';
import { openSteady } from '../../harness/traffic/synthesis/steady.ts';

export const scenario = defineScenario({
  name: 'steady',
  summary: '2,000 keep-alive connections, JSON of 200 B to 20 KB, a third gzip, a third chunked: 200 MB in a minute',
  group: 'load',
  sets: ['release'],
  brokenBy: 'unpaired-requests',
  about:
    'A plain minute of a busy service: two thousand clients that keep their connections, small answers and large ones, compressed and in chunks.',
  seed: 1,
  pace: { kind: 'recorded', speed: 1 },
  gatePace: { kind: 'recorded', speed: 4 },
  lanes: ['tap', 'exact'],
  budget: { 'rss.p99': 200 * megabyte, ...nothingLost },
  gateBudget: gateMemory,
  open: openSteady,
});
