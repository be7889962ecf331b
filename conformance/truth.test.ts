/** Generated captures with their truth: complete messages found are exactly those that lost no segment. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { readCapture } from './capture.ts';
import { findShared } from './oracles.ts';

const shared = findShared(fileURLToPath(new URL('..', import.meta.url)));
const generator = shared === null ? null : join(shared, 'peers', 'genpcap.mjs');
const skip =
  (generator === null || !existsSync(generator)) && 'SKIPPED: no capture generator; put it in ../shared/peers';

for (const [scenario, megabytes] of [
  ['steady', 6],
  ['ooo', 6],
  ['loss', 12],
  ['incident', 30],
] as const) {
  t.test(`${scenario}, ${megabytes} MB`, { skip }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'floodgate-truth-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const path = join(folder, `${scenario}.pcap`);
    const made = spawnSync(process.execPath, [generator!, scenario, path, '--mb', String(megabytes)], {
      stdio: 'ignore',
    });
    t.equal(made.status, 0, 'generated');
    const truth = JSON.parse(readFileSync(`${path}.truth.json`, 'utf8')) as Record<string, number>;
    const { http } = readCapture(path, { bodies: false });
    t.equal(http.requestsComplete, truth.requests_intact, 'every intact request, and no other');
    t.equal(http.responsesComplete, truth.responses_intact, 'every intact response, and no other');
    if (scenario === 'steady' || scenario === 'ooo')
      t.equal(http.pairs, truth.responses, 'every response has its request');
    t.end();
  });
}
