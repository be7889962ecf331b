/** A real server under a tenfold burst of real load, as it was recorded off the cable between them. */
import { articleMemory, defineScenario, gateMemory, nothingLost } from '../../harness/scenario/scenario.ts';
import { openRecording } from '../../harness/traffic/recorded-traffic.ts';
import { recordingPath, recordingPhases, recordingSize } from './recording.ts';

export const scenario = defineScenario({
  name: 'recorded-burst',
  summary: 'a real JSON API recorded through a quiet phase, a tenfold burst and a quiet phase',
  group: 'article',
  sets: ['release'],
  brokenBy: 'reflective-hash',
  about:
    'A real JSON API of Node.js under autocannon, recorded off the cable between two hosts: a quiet phase, a tenfold burst, a quiet phase. Nothing in it was made up.',
  seed: 1,
  pace: { kind: 'recorded', speed: 1 },
  gatePace: { kind: 'recorded', speed: 4 },
  lanes: ['tap', 'exact'],
  budget: { ...articleMemory, ...nothingLost },
  gateBudget: gateMemory,
  open: () =>
    openRecording({ path: recordingPath, phases: recordingPhases, size: recordingSize, countsMessages: true }),
});
