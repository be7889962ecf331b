/** A Go service that runs already, by the address of its `net/http/pprof`: looked into, and left running. */
import { lookup } from 'node:dns/promises';
import os from 'node:os';
import { FloodgateError } from '../../agent/errors.ts';
import type { MemoryAccount } from '../watch/proc-memory.ts';
import { processOnPort } from './listening-sockets.ts';
import { figuresEveryMs, openPprofChannel, type PprofChannel, pprofInstruments } from './pprof-channel.ts';
import { readCommandLine, watchProcess } from './process-target.ts';
import type { LaunchOptions, Target, TargetExit, TargetLauncher } from './target.ts';

/** Failed looks in a row after which a service on another machine is taken for gone. */
const failuresMax = 3;

export class UrlLauncher implements TargetLauncher {
  readonly name: string;
  readonly isNode = false;
  readonly explains = true;
  readonly instruments = ['/proc (RSS, PSS, peaks, faults) where it runs on this machine', ...pprofInstruments];
  readonly #url: URL;

  /** @throws FloodgateError `option-invalid` */
  constructor(address: string) {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      throw new FloodgateError('option-invalid', `--target: "${address}" is no address`, {
        hint: 'Example: --target http://127.0.0.1:6060/debug/pprof.',
      });
    }
    this.#url = url;
    // Credentials in an address have no place in a report.
    this.name = `${url.origin}${url.pathname}`;
  }

  /** @throws FloodgateError `pprof-missing` */
  async start(options: LaunchOptions): Promise<Target> {
    const channel = await openPprofChannel(this.#url.href, options);
    const port = Number(this.#url.port || (this.#url.protocol === 'https:' ? 443 : 80));
    const pid = (await isThisMachine(this.#url.hostname)) ? processOnPort(port) : undefined;
    const { exited, end } = pid === undefined ? watchChannel(channel) : watchProcess(pid);
    exited.then(() => channel.destroy());
    return {
      name: this.name,
      pid: pid ?? 0,
      port,
      ranBefore: true,
      memory: pid === undefined ? new RuntimeMemory(channel) : undefined,
      commandLine: pid === undefined ? [this.name] : readCommandLine(pid),
      input: undefined,
      channel,
      exited,
      stop: () => {
        end(true);
        return exited;
      },
    };
  }
}

async function isThisMachine(host: string): Promise<boolean> {
  const own = new Set(
    Object.values(os.networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)),
  );
  try {
    const { address } = await lookup(host.replace(/^\[|\]$/g, ''));
    return address.startsWith('127.') || own.has(address);
  } catch {
    return false;
  }
}

/** Its end, by its silence. */
function watchChannel(channel: PprofChannel): { exited: Promise<TargetExit>; end: (expected: boolean) => void } {
  let settle!: (exit: TargetExit) => void;
  const exited = new Promise<TargetExit>((resolve) => {
    settle = resolve;
  });
  const end = (expected: boolean) => settle({ code: null, signal: null, killed: false, expected, lastLines: [] });
  channel.on('silence', (failures: number) => failures >= failuresMax && end(false));
  return { exited, end };
}

/** The memory of a service on another machine, as far as its own runtime knows: what it has from the system. */
class RuntimeMemory implements MemoryAccount {
  readonly newEveryMs = figuresEveryMs;
  readonly fileBytes = 0;
  readonly #channel: PprofChannel;

  constructor(channel: PprofChannel) {
    this.#channel = channel;
  }

  rssBytes(): number {
    const { memory } = this.#channel;
    return memory ? memory.sysBytes - memory.heapReleasedBytes : -1;
  }

  rollup(): undefined {
    return undefined;
  }

  status(): undefined {
    return undefined;
  }

  usage(): undefined {
    return undefined;
  }

  resetPeak(): boolean {
    return false;
  }

  close(): void {}
}
