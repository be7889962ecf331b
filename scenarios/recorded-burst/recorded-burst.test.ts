import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { FrameList } from '../../agent/pcap/frame-list.ts';
import { openPipeSender } from '../../harness/feed/pipe-sender.ts';
import type { Scenario } from '../../harness/scenario/scenario.ts';
import { scenario as reorderLoss } from '../reorder-loss/scenario.ts';
import { recordingPath, recordingPhases } from './recording.ts';
import { scenario as recordedBurst } from './scenario.ts';

const agent = path.resolve(import.meta.dirname, '../../agent/main.ts');

/** Sends a scenario into a real agent; what it counted, beside the truth. */
async function observe(
  t: { testdir(): string; equal(found: unknown, wanted: unknown): boolean },
  { name, seed }: Scenario,
) {
  const stats = path.join(t.testdir(), 'stats.json');
  const child = spawn(process.execPath, [agent, '--read', '-', '--stats', stats], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const exit = once(child, 'exit');
  const moduleUrl = new URL(`../${name}/scenario.ts`, import.meta.url).href;
  const traffic = { kind: 'scenario', moduleUrl, options: { seed, sizeBytes: undefined } } as const;
  const sender = await openPipeSender(child.stdin!, { traffic, pace: { kind: 'topspeed' } });
  sender.start();
  const result = await sender.done;
  child.stdin!.end();
  t.equal((await exit)[0], 0);
  const counters: Record<string, number> = JSON.parse(readFileSync(stats, 'utf8'));
  return { result, counters };
}

t.test('the recording is small enough to commit, and shows a tenfold burst between two quiet phases', async (t) => {
  t.ok(statSync(recordingPath).size <= 8_000_000);
  const traffic = await recordedBurst.open({ seed: 1, sizeBytes: undefined });
  const list = new FrameList();
  while (traffic.read(list, 4_096) >= 0);
  const firstUs = list.frames[0]!.tsUs;
  const [quiet, burst, again] = recordingPhases.map(({ startUs }, index) => {
    const endUs = recordingPhases[index + 1]?.startUs ?? traffic.durationUs!;
    const count = list.frames.filter(({ tsUs }) => tsUs - firstUs >= startUs && tsUs - firstUs < endUs).length;
    return (count * 1e6) / (endUs - startUs);
  });
  t.ok(burst! > 7 * quiet! && burst! > 7 * again!, `${quiet}, ${burst}, ${again} frames a second`);
});

t.test('recorded-burst: the agent finds every message the hosts sent', async (t) => {
  const { result, counters } = await observe(t, recordedBurst);
  t.ok(result.ledger.balanced, result.ledger.summary);
  t.match(result.truth, { requests: 6_734, responses: 6_734, requestsIntact: 6_734, responsesIntact: 6_734 });
  t.equal(counters['http.requestsComplete'], 6_734);
  t.equal(counters['http.responsesComplete'], 6_734);
});

t.test('reorder-loss: as it says, and the agent finds every message that survived', async (t) => {
  const { result, counters } = await observe(t, reorderLoss);
  t.same(
    result.impairments.map(({ kind }) => kind),
    ['reorder', 'duplicate', 'loss'],
  );
  const shares = result.impairments.map(({ frames }) => frames / 37_530);
  [0.02, 0.005, 0.005].forEach((share, index) => {
    t.ok(Math.abs(shares[index]! / share - 1) < 0.2, `${shares[index]}`);
  });
  const { requestsIntact, responsesIntact } = result.truth!;
  t.ok(requestsIntact < 6_734 && responsesIntact < requestsIntact, `${requestsIntact}, ${responsesIntact} survive`);
  t.equal(counters['http.requestsComplete'], requestsIntact);
  t.equal(counters['http.responsesComplete'], responsesIntact);
});
