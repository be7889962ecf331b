/** The recording that this scenario replays, and others impair: `record.ts` makes it again. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Phase } from '../../harness/traffic/traffic.ts';

export const recordingPath = fileURLToPath(new URL('./recording.pcapng.zst', import.meta.url));

const described: { readonly phases: readonly Phase[] } = JSON.parse(
  readFileSync(new URL('./recording.json', import.meta.url), 'utf8'),
);

export const recordingPhases = described.phases;
