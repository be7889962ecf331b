/** More than the agent can keep up with, of many endpoints: see harness/traffic/synthesis/many-endpoints.ts for its shape. */
import { articleMemory, defineScenario } from '../../harness/scenario/scenario.ts';
import { openManyEndpoints } from '../../harness/traffic/synthesis/many-endpoints.ts';

export const scenario = defineScenario({
  name: 'many-endpoints',
  summary:
    '300 thousand frames a second for a minute, small exchanges of 5,000 endpoints, the commonest 4,000 times as frequent as the rarest',
  group: 'load',
  about:
    'A large platform at noon: more exchanges a second than one core can make witnesses of, of endpoints that differ in frequency by four orders of magnitude. What is left out must be said, and no endpoint may vanish.',
  seed: 1,
  pace: { kind: 'recorded', speed: 1 },
  lanes: ['tap'],
  budget: {
    ...articleMemory,
    'dropped.frames': 0,
    'witnesses.missing': 0,
    // To leave things out is what it is about: any share of them, as long as no endpoint vanishes.
    'exchanges.witnessed': 0,
    'endpoints.missing': 0,
    'endpoints.held': 0.98,
  },
  open: openManyEndpoints,
});
