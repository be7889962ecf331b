/**
 * A Node.js process that runs already, looked into by its inspector and behind the preload's own words: `cut N` is answered with the
 * profile of the interval. The inspector is opened by SIGUSR1 (Node.js's own way), on this machine alone, and closed afterwards.
 */
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FloodgateError } from '../../agent/errors.ts';
import type { PreloadOptions } from '../preload/options.ts';
import { CommandChannel, nowMs } from './command-channel.ts';
import { portsOf } from './listening-sockets.ts';

const openTimeoutMs = 5_000;
const askTimeoutMs = 30_000;
const lookEveryMs = 50;
const closeTimeoutMs = 20_000;
/**
 * A process whose inspector closes just while one who was attached leaves ends with SIGSEGV (seen with Node.js 26; nodejs/node#18761 is of the
 * kind). That somebody left is work for its event loop: as many turns of it go by first, however long one of them takes.
 */
const turnsBeforeClosing = 20;
const turnMs = 100;
const closing = `{
  let turns = 0;
  const timer = setInterval(() => {
    if (++turns < ${turnsBeforeClosing}) return;
    clearInterval(timer);
    process.getBuiltinModule?.('node:inspector').close();
  }, ${turnMs});
  timer.unref();
}`;

/** Why a process cannot be looked into, in words; empty where it can. */
export function inspectorRefusal(pid: number): string {
  try {
    if (!/^node(js)?$/.test(path.basename(readlinkSync(`/proc/${pid}/exe`)))) return 'it is no Node.js process';
    const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0';
    // Signal 10, counted from 1. A process that does not catch it would be ended by it.
    if ((BigInt(`0x${caught}`) & (1n << 9n)) === 0n) return 'its inspector cannot be opened (--disable-sigusr1)';
    return '';
  } catch {
    return 'it is gone, or it is not ours to look at';
  }
}

type Profiling = NonNullable<PreloadOptions['profile']>;

/** @throws FloodgateError `process-missing` where its inspector does not open */
export async function openInspectorChannel(pid: number, profile: Profiling): Promise<InspectorChannel> {
  const before = await inspectorAddress(pid);
  if (before === undefined) process.kill(pid, 'SIGUSR1');
  let address = before;
  for (let waitedMs = 0; address === undefined && waitedMs < openTimeoutMs; waitedMs += lookEveryMs) {
    await pause(lookEveryMs);
    address = await inspectorAddress(pid);
  }
  if (address === undefined) {
    throw new FloodgateError('process-missing', `process ${pid} does not open its inspector`, {
      hint: 'It may handle SIGUSR1 itself, or another one has port 9229. Leave out --profile-every and --explain to watch its memory alone.',
    });
  }
  const socket = new WebSocket(address);
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () =>
      reject(
        new FloodgateError('process-missing', `${address} does not answer`, { hint: 'Is another debugger attached?' }),
      );
  });
  const channel = new InspectorChannel(socket, profile, before === undefined ? pid : undefined);
  await channel.begin();
  return channel;
}

/** Of the inspector that listens in a process; undefined where none does. */
async function inspectorAddress(pid: number): Promise<string | undefined> {
  for (const port of portsOf(pid)) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/json/list`, { signal: AbortSignal.timeout(1_000) });
      const [first] = (await response.json()) as { webSocketDebuggerUrl?: string }[];
      if (first?.webSocketDebuggerUrl?.startsWith('ws://127.0.0.1:')) return first.webSocketDebuggerUrl;
    } catch {
      // A port of the program's own.
    }
  }
  return undefined;
}

type Answer = { readonly id?: number; readonly result?: { profile?: unknown }; readonly error?: { message: string } };

class InspectorChannel extends CommandChannel {
  readonly #socket: WebSocket;
  readonly #profile: Profiling;
  /** Whose inspector was opened by us, and is closed by us. */
  readonly #openedIn: number | undefined;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #next = 1;
  #startMs = 0;

  constructor(socket: WebSocket, profile: Profiling, openedIn: number | undefined) {
    super();
    this.#socket = socket;
    this.#profile = profile;
    this.#openedIn = openedIn;
    socket.onmessage = (event) => {
      const answer: Answer = JSON.parse(String(event.data));
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    };
    socket.onerror = () => {};
    socket.onclose = () => {
      for (const done of this.#waiting.values()) done({ error: { message: 'it is gone' } });
    };
  }

  async begin(): Promise<void> {
    const { kind, sampleBytes, stackDepth } = this.#profile;
    const withFreed = kind === 'allocations';
    await this.#ask('HeapProfiler.startSampling', {
      samplingInterval: sampleBytes,
      stackDepth,
      includeObjectsCollectedByMajorGC: withFreed,
      includeObjectsCollectedByMinorGC: withFreed,
    });
    this.#startMs = nowMs();
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.#end().then(
      () => done(null),
      () => done(null),
    );
  }

  async #end(): Promise<void> {
    await this.#ask('HeapProfiler.stopSampling').catch(() => {});
    // It waits for whoever is attached: it is closed once we are not.
    const pid = this.#openedIn;
    if (pid !== undefined) await this.#ask('Runtime.evaluate', { expression: closing }).catch(() => {});
    this.#socket.close();
    // The next pass opens it anew: one that it found open would be closed under it.
    for (let waitedMs = 0; pid !== undefined && waitedMs < closeTimeoutMs; waitedMs += lookEveryMs) {
      await pause(lookEveryMs);
      if ((await inspectorAddress(pid)) === undefined) return;
    }
  }

  protected override async command(verb: string, interval: number): Promise<void> {
    if (verb === 'cut') await this.#cut(interval);
  }

  async #cut(interval: number): Promise<void> {
    const { kind, isCumulative, folder } = this.#profile;
    if (kind === 'live') await this.#ask('HeapProfiler.collectGarbage');
    const { profile } = await this.#ask(isCumulative ? 'HeapProfiler.getSamplingProfile' : 'HeapProfiler.stopSampling');
    const startMs = this.#startMs;
    const endMs = nowMs();
    const heapFile = path.join(folder, `${kind}-${interval}.heapprofile`);
    const offHeapFile = path.join(folder, `${kind}-off-heap-${interval}.json`);
    writeFileSync(heapFile, JSON.stringify(profile), { mode: 0o600 });
    // What lies off the heap is known to a preload alone.
    writeFileSync(offHeapFile, '[]', { mode: 0o600 });
    if (isCumulative) this.#startMs = endMs;
    else await this.begin();
    this.say({ type: 'profile', interval, startMs, endMs, heapFile, offHeapFile });
  }

  async #ask(method: string, params: object = {}): Promise<{ profile?: unknown }> {
    const id = this.#next++;
    const { result, error } = await new Promise<Answer>((resolve) => {
      const finish = (answer: Answer) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(finish, askTimeoutMs, { error: { message: 'it does not answer' } });
      this.#waiting.set(id, finish);
      if (this.#socket.readyState !== WebSocket.OPEN) finish({ error: { message: 'it is gone' } });
      else this.#socket.send(JSON.stringify({ id, method, params }));
    });
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }
}
