/** `floodgate worker`: measures what is in the queue, one cell at a time. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import type { Redis } from 'ioredis';
import { FloodgateError } from '../../agent/errors.ts';
import { hardwareClass } from '../ledger/machine-class.ts';
import { parseQuantity } from '../metrics/quantity.ts';
import { loadProject } from '../project/find-config.ts';
import { batchIdPattern, checkedClass } from '../queue/batch.ts';
import { CellWorker } from '../queue/cell-worker.ts';
import { QueueStore } from '../queue/queue-store.ts';
import { connect, type Drivers, loadDrivers } from '../queue/redis.ts';
import type { WorkerEnd } from '../queue/worker-order.ts';
import { readMachineFacts } from '../watch/environment.ts';
import { type QueuePlace, queuePlace } from './queue-place.ts';
import { makeReportFolder } from './report-folder.ts';
import { openSession, type Session } from './session.ts';

const lostAfterDefault = '60s';
const lingerMs = 1_000;
/** Folders of batches that stay: floodgate merge reads them, with profiles. */
const keptBatches = 50;

const examples = `
Examples:
  FLOODGATE_REDIS=redis://queue.example.com floodgate worker     until Ctrl-C, which gives its cell back
  floodgate worker --until-empty                                 ends when nothing waits and nothing runs
  floodgate worker --class bench-box                             machines of which the operator says that they are alike

Run one worker a machine, in a checkout of the commit that is measured: two would measure each other. Each cell is a process of its own, which
is "floodgate gate --shard K/N" and knows no address of the queue. The reports stay below --out, with profiles; results are stored in the
queue, once. A worker that was not heard of for --lost-after is lost, and its cell runs again elsewhere. A target that died under the traffic,
of its memory limit as well, is a result; a harness that was killed is no result, and its cell is tried again (floodgate enqueue --attempts).`;

interface WorkerFlags {
  readonly config?: string;
  readonly class?: string;
  readonly out: string;
  readonly lostAfter: string;
  readonly untilEmpty?: boolean;
}

export function addWorkerCommand(command: Command): void {
  command
    .description('Takes cells out of the queue and measures them, each in a process of its own.')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .option('--class <name>', 'class of this machine (default: processor, cores and memory)')
    .option('--out <dir>', 'folder for the reports', path.join('runs', 'queue'))
    .option(
      '--lost-after <duration>',
      'silent for so long, this worker is lost and its cell given away',
      lostAfterDefault,
    )
    .option('--until-empty', 'end when nothing waits and nothing runs')
    .addHelpText('after', examples)
    .action(async (flags: WorkerFlags) => {
      try {
        process.exitCode = await work(flags);
      } finally {
        // A connection that BullMQ opens anew for ever, to a server that is gone, shall not hold up the end.
        setTimeout(() => process.exit(), lingerMs).unref();
      }
    });
}

async function work(flags: WorkerFlags): Promise<number> {
  const lostAfterMs = lostAfterOf(flags.lostAfter);
  const place = await queuePlace(flags.config);
  // A folder without a configuration has nothing to measure: now rather than with the first cell.
  await loadProject(process.cwd(), flags.config);
  const machines = checkedClass(flags.class ?? place.machines ?? hardwareClass(readMachineFacts()), '--class');
  const drivers = await loadDrivers();
  const session = await openSession(flags.config);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  let isOver = false;
  const client = await connect(drivers, place.address, {
    isPatient: true,
    onChange: (isUp, why) => {
      if (!isOver) say(isUp ? 'the queue is back' : `the queue does not answer (${why}): waiting for it`);
    },
  });
  try {
    return await workAt(flags, { place, drivers, client, machines, lostAfterMs, session, say });
  } finally {
    isOver = true;
    client.disconnect();
  }
}

interface Site {
  readonly place: QueuePlace;
  readonly drivers: Drivers;
  readonly client: Redis;
  readonly machines: string;
  readonly lostAfterMs: number;
  readonly session: Session;
  readonly say: (line: string) => void;
}

async function workAt(flags: WorkerFlags, site: Site): Promise<number> {
  const { place, drivers, client, machines, lostAfterMs, session, say } = site;
  const store = new QueueStore(client);
  const out = makeReportFolder('queue', flags.out);
  removeOld(out);
  const host = os.hostname();
  const here = (await store.workers()).filter((other) => other.host === host).length;
  if (here > 0) say(`floodgate: warning: ${here} more on ${host}: workers on one machine measure each other`);
  const id = randomBytes(3).toString('hex');
  say(`worker ${id} at ${place.shown}, of the class "${machines}"`);
  const worker = new CellWorker({
    drivers,
    client,
    store,
    machines,
    id,
    host,
    folder: process.cwd(),
    config: flags.config,
    out,
    lostAfterMs,
    isUntilEmpty: flags.untilEmpty === true,
    signal: session.signal,
    say,
  });
  const end = await worker.run();
  return exitCodeFor(end, worker.measured, say);
}

function exitCodeFor(end: WorkerEnd, measured: number, say: (line: string) => void): number {
  say(`${measured} ${measured === 1 ? 'cell' : 'cells'} measured here`);
  if (end.kind === 'empty') return 0;
  if (end.kind === 'interrupted') return 3;
  throw end.error;
}

/** Redis answers in a moment, but a machine that measures is busy. */
function lostAfterOf(text: string): number {
  const ms = parseQuantity(text, '--lost-after', 'seconds') * 1_000;
  if (ms >= 2_000 && ms <= 3_600_000) return Math.round(ms);
  throw new FloodgateError('option-invalid', `--lost-after: "${text}" is not between 2 s and an hour`, {
    hint: 'Example: --lost-after 60s.',
  });
}

/** The oldest batches beyond what is kept; nothing else. */
function removeOld(out: string): void {
  if (!existsSync(out)) return;
  const batches = readdirSync(out)
    .filter((name) => batchIdPattern.test(name))
    .map((name) => ({ place: path.join(out, name), at: statSync(path.join(out, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { place } of batches.slice(keptBatches)) rmSync(place, { recursive: true, force: true });
}
