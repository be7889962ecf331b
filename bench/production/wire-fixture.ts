/**
 * Two hosts for benches and tests: traffic is made in this network namespace and arrives in another one, through a device whose one end is
 * here and whose other end is there. Runs inside a namespace of its own: the kernel takes all of it away with the last process.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { openTap, TapDevice } from '../../harness/link/tap-device.ts';
import type { Traffic } from '../../harness/traffic/traffic.ts';

/** The device's name where its traffic arrives. */
export const wireName = 'wire0';

/** Frames between two looks at the clock. */
const framesPerRead = 256;
/** Shorter waits are not worth a sleep. */
const waitMsMin = 2;

export interface Sent {
  readonly frames: number;
  readonly bytes: number;
  readonly ms: number;
}

/** When a frame is due, in milliseconds after the first. */
export type Pace = (frames: number, tsUs: number) => number;

/** As it was recorded, so many times as fast. */
export const asRecorded =
  (speed = 1): Pace =>
  (_frames, tsUs) =>
    tsUs / 1000 / speed;
export const framesPerSecond =
  (rate: number): Pace =>
  (frames) =>
    (frames / rate) * 1000;

export class Wire {
  readonly #holder: ChildProcess;
  readonly #device: TapDevice;

  /** @throws Error where the kernel refuses */
  static async lay(): Promise<Wire> {
    const holder = spawn('unshare', ['--net', '--', 'sh', '-c', 'ip link set lo up; echo ready; exec sleep 86400'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout!, 'data');
    const tap = openTap({ name: wireName });
    const wire = new Wire(holder, new TapDevice(tap));
    run('ip', ['link', 'set', wireName, 'netns', String(holder.pid)]);
    // What moves is down, and its settings are those of a new device.
    wire.runThere('sh', ['-c', `echo 1 > /proc/sys/net/ipv6/conf/${wireName}/disable_ipv6 || true`]);
    wire.runThere('ip', ['link', 'set', wireName, 'arp', 'off', 'up']);
    return wire;
  }

  private constructor(holder: ChildProcess, device: TapDevice) {
    this.#holder = holder;
    this.#device = device;
  }

  /** Starts a program where the traffic arrives; its PID is the child's. */
  startThere(command: string, words: readonly string[], options: SpawnOptions): ChildProcess {
    return spawn('nsenter', this.#there(command, words), options);
  }

  runThere(command: string, words: readonly string[]): string {
    return run('nsenter', this.#there(command, words));
  }

  /** Sends all of it. @param framesMax ends it early */
  async send(traffic: Traffic, pace: Pace, framesMax = Number.POSITIVE_INFINITY): Promise<Sent> {
    const device = this.#device;
    const startMs = performance.now();
    let [frames, bytes, firstUs, dueMs] = [0, 0, -1, 0];
    const sink: FrameSink = {
      frame(data, start, end, _wireLength, tsUs) {
        if (firstUs < 0) firstUs = tsUs;
        if (frames >= framesMax) return;
        dueMs = pace(frames, tsUs - firstUs);
        const aheadMs = dueMs - (performance.now() - startMs);
        if (aheadMs > waitMsMin) {
          device.flush();
          Atomics.wait(pauseWord, 0, 0, aheadMs);
        }
        device.frame(data, start, end);
        frames += 1;
        bytes += end - start;
      },
    };
    while (frames < framesMax && traffic.read(sink, framesPerRead) >= 0) {
      device.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    device.flush();
    return { frames, bytes, ms: performance.now() - startMs };
  }

  close(): void {
    this.#device.close();
    this.#holder.kill('SIGKILL');
  }

  #there(command: string, words: readonly string[]): string[] {
    return [`--target=${this.#holder.pid}`, '--net', '--', command, ...words];
  }
}

const pauseWord = new Int32Array(new SharedArrayBuffer(4));

function run(command: string, words: readonly string[]): string {
  const { status, error, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`${command} ${words.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/** Resolves with all that a program has said once it matches. */
export function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = '';
    const look = (chunk: Buffer) => {
      all += chunk;
      if (pattern.test(all)) resolve(all);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('exit', (code, signal) =>
      reject(new Error(`it ended (${code ?? signal}) before it said ${pattern}: ${all}`)),
    );
  });
}
