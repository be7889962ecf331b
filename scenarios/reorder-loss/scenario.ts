/** The recorded burst as a bad mirror port shows it: late, twice, or not at all; the hosts themselves lost nothing. */
import { articleMemory, defineScenario, gateMemory, nothingLost } from '../../harness/scenario/scenario.ts';
import { openRecording } from '../../harness/traffic/recorded-traffic.ts';
import { recordingPath, recordingPhases, recordingSize } from '../recorded-burst/recording.ts';

export const scenario = defineScenario({
  name: 'reorder-loss',
  summary: 'the recorded burst with 2 % of frames late by up to 50 places, 0.5 % twice and 0.5 % never captured',
  group: 'network',
  sets: ['release'],
  brokenBy: 'no-ack-slack',
  about:
    'A bad mirror port in front of a real burst: frames come late, twice, or not at all, while the hosts themselves lost nothing.',
  seed: 1,
  pace: { kind: 'recorded', speed: 1 },
  gatePace: { kind: 'recorded', speed: 4 },
  lanes: ['tap', 'exact'],
  budget: { ...articleMemory, ...nothingLost },
  gateBudget: gateMemory,
  open: ({ seed }) =>
    openRecording({
      path: recordingPath,
      phases: recordingPhases,
      size: recordingSize,
      seed,
      impair: 'reorder=2%/50,duplicate=0.5%,loss=0.5%',
    }),
});
