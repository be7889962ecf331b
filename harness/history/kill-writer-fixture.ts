/** A process that stores runs until it is killed: `node kill-writer-fixture.ts ADDRESS NAME`. It prints each identity once it is stored. */
import { writeSync } from 'node:fs';
import type { RunReport } from '../../reports/model.ts';
import { sampleGate } from '../../reports/sample-report.ts';
import { entryOf } from './entry.ts';
import { openStore } from './open-store.ts';
import type { StoreAddress } from './store-address.ts';
import { origin } from './store-fixture.ts';

const [, , text = '', name = ''] = process.argv;
const address = JSON.parse(text) as StoreAddress;
let before: RunReport[] = [];
for (let at = 0; ; at++) {
  // Opened anew now and then: what opens a store is killed as well.
  const store = await openStore(address, { absent: 'make' });
  for (let i = 0; i < 5; i++) {
    const gate = sampleGate();
    const command = `${name} ${at} ${i}`;
    // Every other one shares the runs of the one before, as a merge does.
    const runs: RunReport[] = i % 2 === 1 ? before : gate.runs.map((run) => ({ ...run, command }));
    before = runs;
    const entry = entryOf({ ...gate, command, runs, startedAt: new Date(Date.now()).toISOString() }, origin);
    await store.add(entry);
    writeSync(1, `${entry.batch.id}\n`);
  }
  await store.prune('shop', { before: '2000', reports: 1_000_000, runs: 1_000_000 });
  await store.close();
}
