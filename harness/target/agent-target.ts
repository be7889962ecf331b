/** Our capture agent as a target: the pinned runtime, the source that the lane needs, its figures written to a file. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { type AgentFiles, agentFilesIn, ownAgentFiles } from './agent-files.ts';
import { startChild } from './child-target.ts';
import type { LaunchOptions, Target, TargetLauncher } from './target.ts';

interface AgentProgram {
  readonly node: string;
  /** What `bin/floodgate-agent` starts it with: one helper thread of V8 is enough for its heap of 10 MB. */
  readonly nodeArguments: readonly string[];
  readonly files: AgentFiles;
}

/** The agent of this harness. */
function ownAgent(): AgentProgram {
  return programOf(process.execPath, ownAgentFiles());
}

/**
 * The agent of a checkout, or of an installed package, under the Node.js that it pins.
 * @throws FloodgateError `option-invalid`
 */
function agentIn(folder: string): AgentProgram {
  const files = agentFilesIn(folder);
  if (files) return programOf(pinnedNodeOf(folder), files);
  throw new FloodgateError('option-invalid', `--agent: ${folder} holds no agent of floodgate`, {
    hint: 'Name a checkout of floodgate, or the folder node_modules/floodgate of an installed one.',
  });
}

function programOf(node: string, files: AgentFiles): AgentProgram {
  return { node, nodeArguments: argumentsBeside(files.modules.file), files };
}

function argumentsBeside(file: string): readonly string[] {
  return JSON.parse(readFileSync(path.join(path.dirname(file), 'node-arguments.json'), 'utf8'));
}

/** @throws FloodgateError `target-not-started` */
function pinnedNodeOf(folder: string): string {
  const file = path.join(folder, 'bin', 'pinned-node.js');
  if (!existsSync(file)) return process.execPath;
  try {
    return (createRequire(file)(file) as { pinnedNode: () => string }).pinnedNode();
  } catch (cause) {
    throw new FloodgateError(
      'target-not-started',
      `the agent in ${folder} has no Node.js: ${(cause as Error).message}`,
      {
        hint: `Install its packages: npm ci in ${folder}.`,
        cause,
      },
    );
  }
}

/** The program of this harness's agent under the runtime it is measured with, before its own arguments. */
export function ownAgentCommand(): string[] {
  const { node, nodeArguments, files } = ownAgent();
  return [node, ...nodeArguments, files.published.file];
}

export class AgentLauncher implements TargetLauncher {
  readonly name = 'agent';
  readonly isNode = true;
  readonly #arguments: readonly string[];
  readonly #agent: AgentProgram;
  readonly #upload: readonly string[];
  readonly #stopTimeoutMs: number;

  /**
   * @param agentArguments more arguments for the agent, e.g. `['--memory', '96MB']`
   * @param folder a checkout or an installed package @default the agent of this harness
   * @param upload arguments with which it uploads @default none
   * @param stopTimeoutMs between SIGTERM and SIGKILL @default 15000
   * @throws FloodgateError where the folder holds no agent, or no Node.js for it
   */
  constructor(
    agentArguments: readonly string[],
    folder?: string,
    upload: readonly string[] = [],
    stopTimeoutMs = stopTimeoutMsDefault,
  ) {
    this.#arguments = [...upload, ...agentArguments];
    this.#upload = upload;
    this.#stopTimeoutMs = stopTimeoutMs;
    this.#agent = folder === undefined ? ownAgent() : agentIn(folder);
  }

  /** Resolves when it captures. */
  async start(options: LaunchOptions): Promise<Target> {
    const { node, nodeArguments, files } = this.#agent;
    const { file, words } = options.asPublished ? files.published : files.modules;
    const command = [node, ...nodeArguments, ...options.nodeArguments, file] as const;
    await warm(command, options, { upload: this.#upload, agentArguments: this.#arguments });
    const source = options.interfaces.flatMap((name) => ['--interface', name]);
    // Under a root harness it stays root: the preload writes profiles into a report folder that no other user may write to.
    if (source.length > 0 && process.geteuid?.() === 0) source.push('--user', 'root');
    const isLive = source.length > 0;
    const { ceilingBytes } = options;
    if (isLive && ceilingBytes !== undefined) source.push('--ring-size', slowRingSize);
    const ceiling = ceilingBytes === undefined ? [] : ['--memory-ceiling', String(Math.ceil(ceilingBytes))];
    const target = await startChild({
      name: this.name,
      command: node,
      arguments: [
        ...nodeArguments,
        ...options.nodeArguments,
        file,
        ...(isLive
          ? [...source, '--stats-interval-ms', String(options.statsIntervalMs)]
          : ['--read', '-', '--lockstep']),
        ...['--stats', options.statsFile],
        ...ceiling,
        ...this.#arguments,
      ],
      // As bin/launch.sh starts it.
      env: { MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? '1', ...options.env },
      wrapper: options.wrapper,
      withChannel: true,
      stopTimeoutMs: this.#stopTimeoutMs,
      // The first process of a namespace takes all others along.
      guarded: isLive && process.pid !== 1,
      // The sum of its limits is the first thing it says once everything is loaded.
      ...(isLive ? { ready: /^capturing on / } : { ready: /^memory: at most /, withInput: true }),
    });
    return Object.assign(target, { startedFrom: words });
  }
}

/** A slowed agent works off what its ring and its pipe hold before it ends. */
const stopTimeoutMsDefault = 15_000;

/** Capture ring of an agent that is slowed down by instruments: see `framesAheadMax` in pass.ts. */
const slowRingSize = '64MB';

/** Sets of Node.js arguments that modules are cached for: the cache is keyed by the flags of V8. */
const warmed = new Set<string>();
const warmTimeoutMs = 60_000;

/** A pcap file header with nothing behind it: magic, version 2.4, snap length 65,535, Ethernet. */
const emptyCapture = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');

/**
 * Has the agent read an empty capture once, so that its modules are in the compile cache (`bin/compile-cache.js`) when it is
 * measured: the first start after a change strips types, which would be taken for the agent's own 40 MB. Without a header
 * the capture is refused; the modules are loaded by then, and the real start reports anything else. One that uploads loads
 * the last of them when it is done. Each stage has modules of its own.
 */
function warm(
  [node, ...words]: readonly [string, ...string[]],
  { interfaces }: Pick<LaunchOptions, 'interfaces'>,
  { upload, agentArguments }: { readonly upload: readonly string[]; readonly agentArguments: readonly string[] },
): Promise<void> {
  const isLive = interfaces.length > 0;
  const uploads = upload.length > 0;
  const until = agentArguments.indexOf('--until');
  const stage = until < 0 ? [] : agentArguments.slice(until, until + 2);
  const key = [uploads, ...words, ...stage].join(' ');
  if (process.env.NODE_COMPILE_CACHE === undefined || warmed.has(key)) return Promise.resolve();
  warmed.add(key);
  const read = ['--read', '-', ...(isLive ? [] : ['--lockstep']), ...stage, ...upload];
  return new Promise((resolve) => {
    const child = spawn(node, [...words, ...read], {
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: warmTimeoutMs,
    });
    child.on('error', () => resolve());
    child.on('close', () => resolve());
    child.stdin.on('error', () => {});
    child.stdin.end(uploads ? emptyCapture : '');
  });
}
