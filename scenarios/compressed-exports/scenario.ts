/** Bodies that grow when they are decoded: see harness/traffic/synthesis/compressed.ts for their shape. */
import { articleMemory, defineScenario } from '../../harness/scenario/scenario.ts';
import { openCompressed } from '../../harness/traffic/synthesis/compressed.ts';

export const scenario = defineScenario({
  name: 'compressed-exports',
  summary:
    '40 connections, gzip responses of some 20 kB that decode to 1 to 6 MB: 12 MB on the wire, gigabytes decoded',
  group: 'article',
  sets: ['release'],
  brokenBy: 'whole-bodies',
  about:
    'Exports compress two hundredfold: what comes in as tens of kilobytes is megabytes once it is decoded, and the article’s agent limited only what came.',
  seed: 1,
  pace: { kind: 'recorded', speed: 1 },
  lanes: ['tap', 'exact'],
  // What it is about is decoding; witnesses of gigabytes would take minutes.
  until: 'bodies',
  budget: { ...articleMemory, 'dropped.frames': 0, 'missed.messages': 0 },
  open: openCompressed,
});
