/** The incident of the article (docs/story.md); harness/traffic/synthesis/incident.ts makes its shape. */
import { allAccounted, articleMemory, defineScenario, gateMemory } from '../../harness/scenario/scenario.ts';
import { openIncident } from '../../harness/traffic/synthesis/incident.ts';

export const scenario = defineScenario({
  name: 'incident',
  summary: '40 connections, one segment each never captured, then 1 GB of JSON at 75 MB/s for 13 s',
  group: 'article',
  sets: ['release'],
  brokenBy: 'reassembly-unbounded',
  about:
    'The incident that the article begins with: a mirror that lost one segment of each connection, a reassembly that waited for them, and a flood behind each gap.',
  seed: 1,
  pace: { kind: 'recorded', speed: 1 },
  lanes: ['tap', 'exact'],
  // Witnesses of these bodies are 94 MB a second: with their batches and a collector on the two cores of the sender, the agent reaches level 4
  // of overload in most runs, which has no verdict. Reports say that this run uploads nothing; --agent-until upload runs it all the same.
  until: 'witnesses',
  // What is left out is said, and most exchanges have a witness all the same.
  budget: { ...articleMemory, ...allAccounted, 'exchanges.witnessed': 0.5 },
  gateBudget: gateMemory,
  open: openIncident,
});
