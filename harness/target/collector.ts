/** What our agent uploads to in a run: a real `floodgate-agent collect` on loopback, in a process of its own. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FloodgateError } from '../../agent/errors.ts';
import { startChild } from './child-target.ts';
import type { Collected, Companion, EndpointSums, Target } from './target.ts';

const readyLine = /^collecting on (http:\/\/\S+)$/m;
const storeName = 'witnesses.sqlite';

export class Collector implements Companion {
  readonly name = 'collector';
  readonly pid: number;
  /** Where agents upload to. */
  readonly url: string;
  readonly #target: Target;
  readonly #store: string;
  #collected: Promise<Collected> | undefined;

  private constructor(target: Target, url: string, store: string) {
    this.#target = target;
    this.#store = store;
    this.pid = target.pid;
    this.url = url;
  }

  /**
   * @param command runs the agent's program, e.g. `[node, 'agent/main.ts']`
   * @param folder takes the store until `stop`
   * @throws FloodgateError when it cannot be started
   */
  static async start(command: readonly string[], folder: string): Promise<Collector> {
    const store = path.join(folder, storeName);
    let output = '';
    const target = await startChild({
      name: 'collector',
      command: command[0]!,
      arguments: [...command.slice(1), 'collect', '--listen', '127.0.0.1:0', '--store', store],
      // What is set for the agent under test is none of its.
      env: { NODE_OPTIONS: undefined },
      ready: readyLine,
      guarded: process.pid !== 1,
      onOutput: (chunk) => {
        if (output.length < 65_536) output += chunk.toString('latin1');
      },
    });
    const url = readyLine.exec(output)?.[1];
    if (url !== undefined) return new Collector(target, url, store);
    await target.stop();
    throw new FloodgateError('target-not-started', 'the collector did not say where it listens', {
      hint: `It said: ${output.slice(0, 500)}`,
    });
  }

  /** Ends it, counts what it stored and removes the store. Safe to call twice. */
  stop(): Promise<Collected> {
    this.#collected ??= this.#end();
    return this.#collected;
  }

  async #end(): Promise<Collected> {
    const { expected, code } = await this.#target.stop();
    try {
      return { ...countStored(this.#store), endedWell: expected && code === 0 };
    } finally {
      for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(this.#store + suffix, { force: true });
    }
  }
}

/** More are paths with identifiers: no traffic of ours says how often each of these comes. */
const endpointsMax = 20_000;

function sumsOf(database: DatabaseSync): Collected['endpoints'] {
  const rows = database
    .prepare(
      `SELECT method || ' ' || host || path AS name, sum(weight = 1) AS certain, sum(weight) AS weight, max(weight) AS weightMax,
       coalesce(sum(weight * weight) FILTER (WHERE weight > 1), 0) AS weightSquares
       FROM witnesses GROUP BY method, host, path LIMIT ${endpointsMax + 1}`,
    )
    .all() as unknown as (EndpointSums & { name: string })[];
  if (rows.length > endpointsMax) return undefined;
  const { share } = database.prepare('SELECT coalesce(min(overload_share), 1) AS share FROM batches').get() as {
    share: number;
  };
  return { leastShare: share, sums: Object.fromEntries(rows.map(({ name, ...sums }) => [name, sums])) };
}

/** By the rows of its tables, whatever it says itself. */
function countStored(store: string): Omit<Collected, 'endedWell'> {
  const database = new DatabaseSync(store, { readOnly: true });
  try {
    const count = (table: string) => {
      const { rows } = database.prepare(`SELECT count(*) AS rows FROM ${table}`).get() as { rows: number };
      return rows;
    };
    const endpoints = sumsOf(database);
    return { batches: count('batches'), witnesses: count('witnesses'), ...(endpoints && { endpoints }) };
  } finally {
    database.close();
  }
}
