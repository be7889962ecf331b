/** Production recorded, for tests: its traffic as captures, the recorder beside an agent with a defect, and the folder that is left. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Between } from '../../harness/minimize/rewrite-capture.ts';
import { rewriteCapture, writeCapture } from '../../harness/minimize/rewrite-capture.ts';
import type { FloodPlan } from '../../harness/traffic/flood/plan-types.ts';
import { openTraffic } from '../../harness/traffic/open-traffic.ts';
import { type ExportsOrder, exportsCapture } from './exports-fixture.ts';
import type { IncidentOrder, RecordedIncident } from './record-incident-fixture.ts';

export interface ProductionTraffic extends ExportsOrder {
  readonly flood: FloodPlan;
  /** Sum of frame lengths of the flood. */
  readonly floodBytes: number;
  /** Behind the flood's first frame. */
  readonly exportsAtMs: number;
}

/** @returns files below `folder`, to be merged by their times, and their bytes */
export async function makeTraffic(
  folder: string,
  secrets: readonly string[],
  { flood, floodBytes, exportsAtMs, ...exported }: ProductionTraffic,
): Promise<{ captures: string[]; bytes: number }> {
  const [day, planted, draft] = ['day.pcap', 'exports.pcap', 'draft.pcap'].map((name) => path.join(folder, name));
  const traffic = await openTraffic({ kind: 'flood', plan: flood, options: { seed: 19, sizeBytes: floodBytes } });
  let firstUs = -1;
  const noticed: Between = (out) => ({
    frame(bytes, start, end, wireLength, tsUs, interfaceIndex) {
      if (firstUs < 0) firstUs = tsUs;
      out.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
    },
  });
  const written = writeCapture(day!, traffic, noticed);
  traffic.close();
  writeFileSync(draft!, exportsCapture(secrets, exported));
  let shiftUs: number | undefined;
  const moved = rewriteCapture(draft!, planted!, (out) => ({
    frame(bytes, start, end, wireLength, tsUs, interfaceIndex) {
      shiftUs ??= firstUs + exportsAtMs * 1000 - tsUs;
      out.frame(bytes, start, end, wireLength, tsUs + shiftUs, interfaceIndex);
    },
  }));
  rmSync(draft!);
  return { captures: [day!, planted!], bytes: written.bytes + moved.bytes };
}

/** @throws Error with all that was said where it failed */
export function recordIncident(order: IncidentOrder): RecordedIncident {
  const file = path.join(order.folder, 'incident-order.json');
  writeFileSync(file, JSON.stringify(order));
  const script = fileURLToPath(new URL('./record-incident-fixture.ts', import.meta.url));
  // The test runner hooks into every Node.js that it sees started; it does not look behind env(1).
  const words = ['-u', 'NODE_OPTIONS', process.execPath, script, file];
  const { stdout, stderr, status } = spawnSync('env', words, { encoding: 'utf8' });
  rmSync(file);
  if (status !== 0) throw new Error(`recording failed (${status}): ${stderr}`);
  return JSON.parse(stdout) as RecordedIncident;
}
