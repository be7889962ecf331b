/** The recording that this scenario replays, and others impair: `record.ts` makes it again. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RecordingSize } from '../../harness/traffic/recorded-traffic.ts';
import type { Phase } from '../../harness/traffic/traffic.ts';

export const recordingPath = fileURLToPath(new URL('./recording.pcapng.zst', import.meta.url));

const described: { readonly phases: readonly Phase[] } & RecordingSize = JSON.parse(
  readFileSync(new URL('./recording.json', import.meta.url), 'utf8'),
);

export const recordingPhases = described.phases;
/** Of the recording as it is: impairments change it by little. */
export const recordingSize: RecordingSize = described;
