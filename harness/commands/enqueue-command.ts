/** `floodgate enqueue`: the scenarios of a gate, or of a comparison, as cells for a pool of machines. */
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import { type Command, Option } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { parseWhole } from '../metrics/quantity.ts';
import { loadProject, type Project } from '../project/find-config.ts';
import { type Batch, cellTimeoutMs, checkedClass, jobIdOf } from '../queue/batch.ts';
import { removeBatch } from '../queue/batch-cells.ts';
import { usingQueue } from '../queue/open-queue.ts';
import { batchesMax } from '../queue/queue-store.ts';
import { shellWord } from '../redaction/shell-words.ts';
import { comparisonWhole } from './compare-whole.ts';
import { askedComparison, type ComparisonWords, comparisonWords } from './comparison-words.ts';
import { gateWhole, type ProjectGateFlags } from './project-gate.ts';
import { type OpenedQueue, withQueue } from './queue-place.ts';
import { serverWarnings } from './queue-server.ts';
import { drainedWords } from './queue-words.ts';
import { repeated } from './repeated-option.ts';
import { readToolVersion } from './tool-version.ts';

const attemptsDefault = '3';
const timeoutDefault = '2h';

const examples = `
Examples:
  export FLOODGATE_REDIS=redis://queue.example.com   or queue: in floodgate.config.*
  floodgate worker                                   on each machine that measures, in a checkout of the same commit
  id=$(floodgate enqueue)                            every scenario, for the machines whose workers are there
  floodgate enqueue --quick --class bench-box        those that say quick: true, for machines of this class
  floodgate enqueue --base main                      a comparison: each cell runs base and head of one scenario, in pairs, on one machine
  floodgate queue wait $id
  floodgate queue collect $id --out parts && floodgate merge parts

Standard output is the batch's identity and nothing else. A worker measures nothing that is of another commit, configuration or version of
floodgate. Without bullmq and ioredis: npm install --save-dev bullmq@6.7.0 ioredis@5.11.1`;

interface EnqueueFlags extends Pick<ProjectGateFlags, 'only' | 'quick' | 'set' | 'budget' | 'env'>, ComparisonWords {
  readonly config?: string;
  readonly class?: string;
  readonly attempts: string;
  readonly timeout: string;
}

export function addEnqueueCommand(command: Command): void {
  command
    .description('Puts the scenarios of floodgate.config.* into a queue, from which floodgate worker takes them.')
    .argument('[set]', 'as --set')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .option('--only <scenario>', 'this scenario of the configuration alone; may be repeated', repeated)
    .option('--set <name>', 'only scenarios of this set')
    .option('--quick', 'only the scenarios that say quick: true')
    .option('--budget <name=value>', 'replaces or adds a limit in every scenario; may be repeated', repeated)
    .option('--env <name>', 'limits of this environment of the configuration')
    .option('--base <version>', 'compares, in place of a gate: commit, branch or tag to compare with')
    .option('--head <version>', 'with --base: the version to judge (default: the working folder)')
    .option('--metric <name>', 'with --base: judge this metric, and no other; may be repeated', repeated)
    .option('--threshold <metric=share>', 'with --base: replaces or adds a threshold; may be repeated', repeated)
    .option('--max-pairs <n>', 'with --base: pairs a scenario, at most (5 to 64)')
    .option('--max-time <time>', 'with --base: no new pair of a cell begins after it')
    .addOption(
      new Option('--undecided <verdict>', 'with --base: what an undecided one means').choices(['pass', 'fail']),
    )
    .addOption(
      new Option('--sites <when>', 'with --base: when call sites are named').choices(['worse', 'always', 'never']),
    )
    .option('--seed <n>', 'with --base: of the order within pairs')
    .option('--class <name>', 'for machines of this class (default: the one that workers are there of)')
    .option('--attempts <n>', 'how often a cell may be lost with its harness or its worker', attemptsDefault)
    .option('--timeout <duration>', 'how long a cell may take, at least 1s', timeoutDefault)
    .addHelpText('after', examples)
    .action(async (set: string | undefined, flags: EnqueueFlags) => {
      const project = await loadProject(process.cwd(), flags.config);
      const chosen = set ?? flags.set;
      const asked = { ...flags, ...(chosen !== undefined && { set: chosen }) };
      await withQueue(flags.config, (queue) => enqueue(project, asked, queue));
    });
}

async function enqueue(project: Project, flags: EnqueueFlags, opened: OpenedQueue): Promise<void> {
  const { client, store, shown } = opened;
  const { common, words } = await wholeOf(project, flags);
  const machines = await machinesFor(flags, opened);
  const batch: Batch = {
    kind: 'batch',
    schemaVersion: 1,
    id: randomBytes(4).toString('hex'),
    machines,
    common,
    words,
    attempts: parseWhole(flags.attempts, '--attempts', { min: 1, max: 100 }),
    timeoutMs: cellTimeoutMs(flags.timeout),
    by: `${os.hostname()}`,
    at: new Date().toISOString(),
  };
  for (const line of [...(await serverWarnings(client)), ...checkoutWarnings(batch)]) warn(line);
  await makeRoom(opened);
  await store.addBatch(batch);
  const jobs = common.cells.map((cell, at) => ({
    name: cell,
    data: { batch: batch.id, index: at + 1 },
    opts: { jobId: jobIdOf(batch.id, at + 1), attempts: batch.attempts, stackTraceLimit: 1 },
  }));
  // In one transaction: all of them, or none.
  const isDrained = await usingQueue(opened, machines, async (queue) => {
    await queue.addBulk(jobs);
    return queue.isPaused();
  });
  if (isDrained) warn(drainedWords(machines));
  const cells = `${common.cells.length} ${common.cells.length === 1 ? 'cell' : 'cells'}`;
  process.stderr.write(`${cells} in batch ${batch.id} at ${shown}, for machines of the class "${machines}"\n`);
  process.stdout.write(`${batch.id}\n`);
}

/** What is measured, and what each cell's process is started with. @throws FloodgateError */
async function wholeOf(project: Project, flags: EnqueueFlags): Promise<Pick<Batch, 'common' | 'words'>> {
  const tool = (command: string, words: readonly string[]) => ({
    toolVersion: readToolVersion(),
    command: ['floodgate', command, ...words].map(shellWord).join(' '),
  });
  const compared = askedComparison(flags);
  if (compared !== undefined) {
    const typed = comparisonWords(compared);
    const common = await comparisonWhole(project, compared, tool('compare', typed));
    return { common, words: comparisonWords(compared, common.comparison) };
  }
  const words = gateWords(flags);
  return { common: gateWhole(project, flags, tool('gate', words)).common, words };
}

/** What decides which cells there are, and what they are held against. */
function gateWords({ set, only = [], quick, budget = [], env }: EnqueueFlags): string[] {
  return [
    ...(set === undefined ? [] : ['--set', set]),
    ...only.flatMap((name) => ['--only', name]),
    ...(quick === true ? ['--quick'] : []),
    ...budget.flatMap((text) => ['--budget', text]),
    ...(env === undefined ? [] : ['--env', env]),
  ];
}

/** @throws FloodgateError `class-unknown` where nothing says which machines are meant */
async function machinesFor(flags: EnqueueFlags, { store, machines }: OpenedQueue): Promise<string> {
  const named = flags.class ?? machines;
  if (named !== undefined) return checkedClass(named, '--class');
  const there = [...new Set((await store.workers()).map((worker) => worker.machines))].sort();
  if (there.length === 1) return there[0]!;
  const why = there.length === 0 ? 'no worker is there' : `there are workers of ${there.length} classes`;
  throw new FloodgateError('class-unknown', `which machines are to measure? ${why}`, {
    hint:
      there.length === 0
        ? 'Start floodgate worker on one, or name its class: --class NAME. It waits in the queue until then.'
        : `Figures of one class are no measure for another. Add one of:\n${there.map((name) => `  --class ${shellWord(name)}`).join('\n')}`,
  });
}

function checkoutWarnings({ common }: Batch): string[] {
  if (common.commit === null) return ['the project is no repository: workers are held to its configuration alone'];
  return common.dirty ? ['the project has changes that are not committed: no worker elsewhere has them'] : [];
}

/** Old batches go. @throws FloodgateError `queue-full` where what would have to go is not over */
async function makeRoom({ drivers, client, store }: OpenedQueue): Promise<void> {
  for (const id of await store.outdated(Date.now())) {
    // What this version cannot read is of no use to it.
    const batch = await store.batch(id).catch(() => undefined);
    if (batch === undefined) await store.remove(id);
    else if (!(await removeBatch(drivers, client, store, batch, { isForced: false }))) {
      throw new FloodgateError('queue-full', `${batchesMax} batches are in the queue, and the oldest is not over`, {
        hint: `floodgate queue cancel ${id}, or floodgate queue remove ${id}.`,
      });
    }
  }
}

function warn(text: string): void {
  process.stderr.write(`floodgate: warning: ${text}\n`);
}
