/** Two writers of one history, killed at random and started again: whatever was reported stored is there, whole. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createRandom } from '../../agent/seeded-random.ts';
import { sampleGate } from '../../reports/sample-report.ts';
import { openStore } from './open-store.ts';
import type { StoreAddress } from './store-address.ts';
import type { BatchRow } from './tables.ts';

export interface KillOrder {
  readonly address: StoreAddress;
  readonly kills: number;
  readonly seed: number;
  /** Of the server, in the place of every twentieth kill. */
  readonly restartServer?: () => Promise<void>;
}

export interface KillOutcome {
  readonly kills: number;
  /** Entries that a writer had reported stored. */
  readonly reported: number;
  readonly stored: number;
  /** Reported, and not there. */
  readonly lost: readonly string[];
  /** There, and not whole. */
  readonly halves: readonly string[];
  /** What `history check` finds. */
  readonly faults: readonly string[];
}

/** On a quiet machine a writer takes 300 ms to its first entry: it is killed before, at and after it. */
const lifeMsMax = 1_200;

export async function killWriters({ address, kills, seed, restartServer }: KillOrder): Promise<KillOutcome> {
  const random = createRandom(seed, 'kills');
  const reported: string[] = [];
  let started = 0;
  const start = () => new Writer(address, `writer ${started++}`, (id) => reported.push(id));
  const writers = [start(), start()];
  for (let done = 0; done < kills; done++) {
    const at = random.below(writers.length);
    await setTimeout(random.below(lifeMsMax));
    // Whatever the machine's speed: half of them had stored something, at any distance from now.
    if (done % 2 === 1) await writers[at]!.reported;
    if (restartServer !== undefined && done % 20 === 19) await restartServer();
    await writers[at]!.kill();
    writers[at] = start();
  }
  for (const each of writers) await each.kill();
  return { kills, reported: reported.length, ...(await judged(address, reported)) };
}

class Writer {
  readonly #child: ChildProcess;
  /** Settles with its first entry, or its end. */
  readonly reported: Promise<void>;

  constructor(address: StoreAddress, name: string, onStored: (id: string) => void) {
    const program = path.join(import.meta.dirname, 'kill-writer-fixture.ts');
    this.#child = spawn(process.execPath, [program, JSON.stringify(address), name], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let rest = '';
    this.reported = new Promise((resolve) => {
      this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
        // Lines that came whole count: it is killed while it prints as well.
        const lines = (rest + text).split('\n');
        rest = lines.pop()!;
        for (const line of lines) onStored(line);
        if (lines.length > 0) resolve();
      });
      this.#child.on('close', () => resolve());
    });
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}

async function judged(address: StoreAddress, reported: readonly string[]) {
  const store = await openStore(address, { absent: 'refuse' });
  try {
    const batches = await store.batches('shop', 1_000_000);
    const there = new Set(batches.map(({ id }) => id));
    const halves: string[] = [];
    for (const batch of batches) if (!(await isWhole(batch))) halves.push(batch.id);
    const lost = reported.filter((id) => !there.has(id));
    return { stored: batches.length, lost, halves, faults: (await store.audit()).faults };
  } finally {
    await store.close();
  }

  async function isWhole({ id }: BatchRow): Promise<boolean> {
    const sample = sampleGate().runs;
    const runs = await store.runsOfBatch(id);
    const figures = await store.figures(runs.map((run) => run.id));
    const bodies = await Promise.all(runs.map((run) => store.body(run.id)));
    return (
      runs.length === sample.length &&
      figures.length === sample.reduce((sum, run) => sum + run.figures.length, 0) &&
      bodies.every((body) => body !== undefined && JSON.parse(body).kind === 'run')
    );
  }
}
