/** A pool of workers that are killed, and a server that is restarted, at random: every cell is measured, and its result is there once. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createRandom } from '../../agent/seeded-random.ts';
import { gitIn } from '../compare/git-fixture.ts';
import { readPartials } from '../shards/partial.ts';
import type { RedisServer } from './redis-fixture.ts';

export interface TrialOrder {
  readonly server: RedisServer;
  readonly cells: number;
  readonly workers: number;
  readonly kills: number;
  readonly restarts: number;
  readonly seed: number;
  readonly say?: (line: string) => void;
}

export interface TrialOutcome {
  readonly kills: number;
  /** Kills that hit a worker which was measuring. */
  readonly hits: number;
  readonly restarts: number;
  /** Runs that were begun. */
  readonly begun: number;
  /** Results of a second run of a cell, which were not stored. */
  readonly surplus: number;
  /** Cells with a result, each once, and cells without. */
  readonly measured: number;
  readonly missing: readonly string[];
  /** What merge made of it. */
  readonly verdict: string;
  /** Processes that were left: of cells, their targets, workers. */
  readonly left: readonly string[];
}

const program = path.resolve(import.meta.dirname, '../../bin/floodgate');
/** A worker that is gone counts as lost after it. */
const lostAfter = '2s';

export async function killPool(order: TrialOrder): Promise<TrialOutcome> {
  const folder = mkdtempSync(path.join(tmpdir(), 'fg-pool-'));
  try {
    return await new Pool(folder, order).run();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Pool {
  readonly #folder: string;
  readonly #order: TrialOrder;
  readonly #workers: PoolWorker[] = [];
  #begunBefore = 0;
  #hits = 0;

  constructor(folder: string, order: TrialOrder) {
    this.#folder = folder;
    this.#order = order;
    makeProject(folder, order.cells);
  }

  async run(): Promise<TrialOutcome> {
    const { cells, workers, kills, restarts, seed, say = () => undefined } = this.#order;
    const random = createRandom(seed, 'pool');
    // The bound of attempts is no part of this: a killed worker's cell is the next to be begun.
    const id = this.#floodgate('enqueue', '--class', 'pool', '--attempts', '100').trim();
    for (let at = 0; at < workers; at++) this.#workers.push(this.#start());
    const restartAt = new Set(
      Array.from({ length: restarts }, (_, at) => Math.floor(((at + 1) * kills) / (restarts + 1))),
    );
    for (let done = 0; done < kills; done++) {
      if (restartAt.has(done)) await this.#restart(random.below(1_000));
      await this.#killOne(random, done, cells / kills);
      say(`${done + 1} kills, ${this.#begun} begun, ${this.#measured} measured`);
    }
    await this.#untilOver(id);
    for (const worker of this.#workers) await worker.end();
    const out = path.join(this.#folder, 'parts');
    this.#floodgate('queue', 'collect', id, '--out', out);
    const [partial] = readPartials([out]);
    const names = partial!.results.map(({ cell }) => cell);
    const [, surplus] = /(\d+) results of a second run/.exec(this.#floodgate('queue', 'show', id)) ?? [];
    const verdict = /All \d+ scenarios within budget/.exec(
      this.#floodgate('merge', out, '--out', path.join(this.#folder, 'whole')),
    );
    return {
      kills,
      hits: this.#hits,
      restarts,
      begun: this.#begun,
      surplus: Number(surplus),
      measured: new Set(names).size,
      missing: partial!.manifest.common.cells.filter((cell) => !names.includes(cell)),
      verdict: verdict?.[0] ?? 'none',
      left: await leftOf(this.#folder),
    };
  }

  /** One that measures, at any moment of it, while the work lasts: `share` of the cells are begun for each kill. */
  async #killOne(random: ReturnType<typeof createRandom>, done: number, share: number): Promise<void> {
    while (this.#begun < Math.floor(done * share) + 1) await setTimeout(20);
    await setTimeout(random.below(1_500));
    const busy = this.#workers.filter((worker) => worker.isBusy);
    const among = busy.length > 0 ? busy : this.#workers;
    const victim = among[random.below(among.length)]!;
    this.#hits += victim.isBusy ? 1 : 0;
    await victim.kill();
    this.#begunBefore += victim.begun;
    this.#workers[this.#workers.indexOf(victim)] = this.#start();
  }

  async #restart(downMs: number): Promise<void> {
    await this.#order.server.kill();
    await setTimeout(downMs);
    await this.#order.server.start();
  }

  async #untilOver(id: string): Promise<void> {
    this.#floodgate('queue', 'wait', id);
  }

  get #begun(): number {
    return this.#begunBefore + this.#workers.reduce((sum, { begun }) => sum + begun, 0);
  }

  get #measured(): number {
    return this.#workers.reduce((sum, { measured }) => sum + measured, 0);
  }

  #start(): PoolWorker {
    return new PoolWorker(this.#folder, this.#order.server.url);
  }

  #floodgate(...words: string[]): string {
    return execFileSync(process.execPath, [program, ...words], {
      cwd: this.#folder,
      encoding: 'utf8',
      env: { ...process.env, FLOODGATE_REDIS: this.#order.server.url, FLOODGATE_STORE: 'none' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }
}

class PoolWorker {
  readonly #child: ChildProcess;
  begun = 0;
  measured = 0;
  #ended = 0;

  constructor(folder: string, url: string) {
    this.#child = spawn(process.execPath, [program, 'worker', '--class', 'pool', '--lost-after', lostAfter], {
      cwd: folder,
      env: { ...process.env, FLOODGATE_REDIS: url },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.begun += text.match(/: cell \d+ of \d+ of batch/g)?.length ?? 0;
      this.measured += text.match(/: rss\.max /g)?.length ?? 0;
      this.#ended += text.match(/: (rss\.max |measured once more|given back|killed|interrupted)/g)?.length ?? 0;
    });
  }

  get isBusy(): boolean {
    return this.begun > this.#ended;
  }

  async kill(): Promise<void> {
    await this.#gone('SIGKILL');
  }

  async end(): Promise<void> {
    await this.#gone('SIGTERM');
  }

  async #gone(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'exit');
    this.#child.kill(signal);
    await closed;
  }
}

/** Cells that are cheap, but real: each starts a target, and measures it. */
function makeProject(folder: string, cells: number): void {
  mkdirSync(folder, { recursive: true });
  const scenarios = Array.from({ length: cells }, (_, at) => ({
    name: `cell-${at}`,
    load: 'true',
    idle: '20ms',
    recover: '20ms',
    budgets: { 'rss.max': '900 MB' },
  }));
  const config = { targets: { service: { command: "sh -c 'echo ready; exec sleep 600'", ready: 'ready' } }, scenarios };
  writeFileSync(path.join(folder, 'floodgate.config.mjs'), `export default ${JSON.stringify(config)};\n`);
  const git = gitIn(folder);
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'cells');
}

/** Processes that work in a folder, once those that end have had the time to. */
async function leftOf(folder: string): Promise<string[]> {
  const workers = () => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && folderOf(pid).startsWith(folder));
  for (let tries = 0; tries < 400 && workers().length > 0; tries++) await setTimeout(50);
  return workers().map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
}

function folderOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
