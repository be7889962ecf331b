/** IP fragments that never become whole: see harness/traffic/synthesis/fragments.ts for their shape. */
import { articleMemory, defineScenario } from '../../harness/scenario/scenario.ts';
import { openFragments } from '../../harness/traffic/synthesis/fragments.ts';

export const scenario = defineScenario({
  name: 'lost-fragments',
  summary: 'UDP datagrams of 4 to 32 kB in fragments, the last one of nine in ten never captured: 200 MB in 10 s',
  group: 'network',
  sets: ['release'],
  brokenBy: 'fragments-kept',
  about:
    'Large datagrams (DNSSEC, media, tunnels) travel in fragments. Where the last one is missing, the others wait for it; RFC 791 lets them wait for 15 seconds.',
  seed: 1,
  pace: { kind: 'recorded', speed: 1 },
  lanes: ['tap', 'exact'],
  budget: { ...articleMemory, 'dropped.frames': 0 },
  open: openFragments,
});
