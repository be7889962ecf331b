/** What `--on-spike` names: a process, a systemd unit or control group, or the address of a profile: its memory, and its profiles where it has them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { FloodgateError } from '../../agent/errors.ts';
import type { PreloadOptions } from '../preload/options.ts';
import { openInspectorChannel } from '../target/inspector-channel.ts';
import { processOnPort } from '../target/listening-sockets.ts';
import { openPprofChannel } from '../target/pprof-channel.ts';
import { readCommandLine } from '../target/process-target.ts';
import { ProcessMemory } from '../watch/proc-memory.ts';

export interface Watched {
  /** As the incident names it. */
  readonly name: string;
  readonly kind: 'process' | 'group' | 'address';
  /** Undefined where it runs on another machine. */
  readonly pid: number | undefined;
  /** Empty where it is not known. */
  readonly commandLine: readonly string[];
  /** What `bytes` counts, in words. */
  readonly measure: string;
  /** −1 once it is gone. */
  bytes(): number;
  /** Speaks as the preload does; undefined where there are no profiles. */
  readonly channel: Duplex | undefined;
  /** Why there are none, in words; empty where there are. */
  readonly blind: string;
  close(): void;
}

export interface WatchOrder {
  /** A PID, a unit, the folder of a control group, or a URL. */
  readonly text: string;
  /** Profiles lie here meanwhile. */
  readonly folder: string;
  /** The inspector of a Node.js process may be opened. */
  readonly opensInspector: boolean;
}

const sampleBytes = 64 << 10;
const stackDepth = 32;

/** @throws FloodgateError `process-missing`, `unit-missing`, `pprof-missing` */
export function openWatched(order: WatchOrder): Promise<Watched> {
  const { text } = order;
  if (/^https?:\/\//.test(text)) return openAddress(order);
  const pid = /^(?:pid:)?([1-9]\d{0,9})$/.exec(text)?.[1];
  return pid === undefined ? openGroup(order) : openProcess(Number(pid), order, order.opensInspector);
}

function profiling(folder: string): NonNullable<PreloadOptions['profile']> {
  return { kind: 'live', isCumulative: true, sampleBytes, stackDepth, offHeapSampleBytes: 0, folder };
}

async function openProcess(pid: number, { folder }: WatchOrder, opensInspector: boolean): Promise<Watched> {
  const commandLine = readCommandLine(pid);
  let memory: ProcessMemory;
  try {
    memory = new ProcessMemory(pid);
  } catch (cause) {
    throw new FloodgateError('process-missing', `there is no process ${pid}, or it is not ours to look at`, {
      hint: 'Check the number, or run as the process’s own user.',
      cause,
    });
  }
  const channel = opensInspector ? await openInspectorChannel(pid, profiling(folder)) : undefined;
  return {
    ...{ name: `process ${pid}`, kind: 'process', pid, commandLine, channel },
    measure: 'resident memory of the process',
    blind: channel
      ? ''
      : 'no profile: --profiles opens the inspector of a Node.js process; a Go program is named by its pprof address',
    bytes: levelOf(memory),
    close: () => {
      memory.close();
      channel?.destroy();
    },
  };
}

/** What is resident now; or the kernel's own peak, where it rose since the last look: a spike may be over in less time than lies between. */
function levelOf(memory: ProcessMemory): () => number {
  let peak = memory.peakBytes() ?? Number.POSITIVE_INFINITY;
  return () => {
    const now = memory.rssBytes();
    const highest = now < 0 ? undefined : memory.peakBytes();
    if (highest === undefined || highest <= peak) return now;
    peak = highest;
    return Math.max(now, highest);
  };
}

async function openAddress(order: WatchOrder): Promise<Watched> {
  const url = new URL(order.text);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const pid = /^(127\.|localhost$|\[::1\]$)/.test(url.hostname) ? processOnPort(port) : undefined;
  if (pid !== undefined && (await isInspector(url))) {
    return { ...(await openProcess(pid, order, true)), name: `${url.origin}`, kind: 'address' };
  }
  const statsFile = path.join(order.folder, 'stats');
  const observe = { intervalMs: 1_000, profile: profiling(order.folder) };
  const channel = await openPprofChannel(url.href, { statsFile, observe });
  const memory = pid === undefined ? undefined : new ProcessMemory(pid);
  const level = memory && levelOf(memory);
  return {
    ...{ name: `${url.origin}${url.pathname}`, kind: 'address', pid, channel, blind: '' },
    commandLine: pid === undefined ? [] : readCommandLine(pid),
    measure: memory ? 'resident memory of the process' : 'what Go’s runtime has from the system',
    bytes: () => {
      if (level) return level();
      return channel.memory ? channel.memory.sysBytes - channel.memory.heapReleasedBytes : -1;
    },
    close: () => {
      memory?.close();
      channel.destroy();
    },
  };
}

async function isInspector(url: URL): Promise<boolean> {
  try {
    const response = await fetch(`${url.origin}/json/list`, { signal: AbortSignal.timeout(2_000) });
    const [first] = (await response.json()) as { webSocketDebuggerUrl?: string }[];
    return first?.webSocketDebuggerUrl !== undefined;
  } catch {
    return false;
  }
}

const groupsRoot = '/sys/fs/cgroup';
/** Of version 2, and of version 1, where each controller has a tree of its own. */
const groupRoots = [groupsRoot, `${groupsRoot}/memory`];

async function openGroup({ text }: WatchOrder): Promise<Watched> {
  const { folder, pid } = groupOf(text);
  const file = ['memory.stat', 'memory.current', 'memory.usage_in_bytes']
    .map((name) => path.join(folder, name))
    .find((each) => existsSync(each));
  if (file === undefined) throw unitMissing(text, `${folder} has no memory controller`);
  return {
    ...{ name: text, kind: 'group', pid, channel: undefined },
    commandLine: pid === undefined ? [] : readCommandLine(pid),
    measure: file.endsWith('stat') ? 'anonymous and shared memory of the control group' : 'memory of the control group',
    blind: 'no profile: a control group has none; name the process or its pprof address for profiles',
    bytes: () => groupBytes(file),
    close: () => {},
  };
}

/** There where systemd runs (sd_booted(3)); in most containers it does not. */
const bootedBySystemd = '/run/systemd/system';

/** Of a unit as systemd knows it, or of a folder of control groups. */
function groupOf(text: string): { readonly folder: string; readonly pid: number | undefined } {
  if (text.startsWith(`${groupsRoot}/`)) {
    if (existsSync(text)) return { folder: path.resolve(text), pid: firstProcess(text) };
    throw unitMissing(text, 'there is no such folder');
  }
  if (!/^[\w@:.\\-]{1,255}$/.test(text)) throw unitMissing(text, 'that is no name of a unit');
  const asked = spawnSync('systemctl', ['show', '--property=ControlGroup', '--value', '--', text], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  const unit = /\.\w+$/.test(text) ? text : `${text}.service`;
  const group = asked.status === 0 && asked.stdout.trim() !== '' ? asked.stdout.trim() : `/system.slice/${unit}`;
  const folder = groupRoots
    .map((root) => path.join(root, group))
    .find((each) => existsSync(path.join(each, 'memory.stat')));
  if (folder !== undefined) return { folder, pid: firstProcess(folder) };
  if (!existsSync(bootedBySystemd)) {
    throw unitMissing(
      text,
      `systemd does not run here (no ${bootedBySystemd}), and there is no control group ${group}`,
    );
  }
  throw unitMissing(text, `there is no control group ${group} with a memory controller: the unit does not run`);
}

function firstProcess(folder: string): number | undefined {
  try {
    return Number(readFileSync(path.join(folder, 'cgroup.procs'), 'latin1').split('\n')[0]) || undefined;
  } catch {
    return undefined;
  }
}

/** Page cache is none of the program's. */
function groupBytes(file: string): number {
  try {
    const text = readFileSync(file, 'latin1');
    if (!file.endsWith('stat')) return Number(text);
    const figure = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
    // Version 1 has other names for them, and sums over the groups within.
    return text.includes('total_rss ') ? figure('total_rss') + figure('total_shmem') : figure('anon') + figure('shmem');
  } catch {
    return -1;
  }
}

function unitMissing(text: string, why: string): FloodgateError {
  return new FloodgateError('unit-missing', `--on-spike: "${text}": ${why}`, {
    hint: 'Name a process (1234), a systemd unit (shop.service), a folder below /sys/fs/cgroup, or the URL of a Go pprof or a Node.js inspector.',
  });
}
