/** Our capture agent as a target: the pinned runtime, the source that the lane needs, its figures written to a file. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from './child-target.ts';
import type { LaunchOptions, Target, TargetLauncher } from './target.ts';

/** The agent's entry file: TypeScript in the repository, JavaScript where it was built. */
const agentProgram = fileURLToPath(new URL(`../../agent/main${path.extname(import.meta.url)}`, import.meta.url));

/** What `bin/floodgate-agent` starts it with: one helper thread of V8 is enough for its heap of 10 MB. */
const agentNodeArguments: readonly string[] = JSON.parse(
  readFileSync(path.join(path.dirname(agentProgram), 'node-arguments.json'), 'utf8'),
);

/** The agent's program under the runtime it is measured with, before its own arguments. */
export function agentCommand(nodeArguments: readonly string[] = []): string[] {
  return [process.execPath, ...agentNodeArguments, ...nodeArguments, agentProgram];
}

export class AgentLauncher implements TargetLauncher {
  readonly name = 'agent';
  readonly isNode = true;
  readonly #arguments: readonly string[];

  /** @param agentArguments more arguments for the agent, e.g. `['--memory', '96MB']` */
  constructor(agentArguments: readonly string[]) {
    this.#arguments = agentArguments;
  }

  /** Resolves when it captures. */
  async start(options: LaunchOptions): Promise<Target> {
    await warm(options.nodeArguments, options.interfaces.length > 0);
    const source = options.interfaces.flatMap((name) => ['--interface', name]);
    // Under a root harness it stays root: the preload writes profiles into a report folder that nobody else may write to.
    if (source.length > 0 && process.geteuid?.() === 0) source.push('--user', 'root');
    const isLive = source.length > 0;
    const { ceilingBytes } = options;
    if (isLive && ceilingBytes !== undefined) source.push('--ring-size', slowRingSize);
    const ceiling = ceilingBytes === undefined ? [] : ['--memory-ceiling', String(Math.ceil(ceilingBytes))];
    return startChild({
      name: this.name,
      command: process.execPath,
      arguments: [
        ...agentNodeArguments,
        ...options.nodeArguments,
        agentProgram,
        ...(isLive
          ? [...source, '--stats-interval-ms', String(options.statsIntervalMs)]
          : ['--read', '-', '--lockstep']),
        ...['--stats', options.statsFile],
        ...ceiling,
        ...this.#arguments,
      ],
      env: options.env,
      wrapper: options.wrapper,
      withChannel: true,
      stopTimeoutMs,
      // The first process of a namespace takes all others along.
      guarded: isLive && process.pid !== 1,
      // The sum of its limits is the first thing it says once everything is loaded.
      ...(isLive ? { ready: /^capturing on / } : { ready: /^memory: at most /, withInput: true }),
    });
  }
}

/** An upload may drain for 10 s once the capture is over; a slowed agent takes its time before that. */
const stopTimeoutMs = 30_000;

/** Capture ring of an agent that is slowed down by instruments: see `framesAheadMax` in pass.ts. */
const slowRingSize = '64MB';

/** Sets of Node.js arguments that modules are cached for: the cache is keyed by the flags of V8. */
const warmed = new Set<string>();
const warmTimeoutMs = 60_000;

/**
 * Has the agent read an empty capture once, so that its modules are in the compile cache (`bin/launch.js`) when it is
 * measured: the first start after a change strips types, which would be taken for the agent's own 40 MB. The empty
 * capture is refused; the modules are loaded by then, and the real start tells of anything else.
 */
function warm(nodeArguments: readonly string[], isLive: boolean): Promise<void> {
  const key = nodeArguments.join(' ');
  if (process.env.NODE_COMPILE_CACHE === undefined || warmed.has(key)) return Promise.resolve();
  warmed.add(key);
  const all = [...agentNodeArguments, ...nodeArguments, agentProgram, '--read', '-', ...(isLive ? [] : ['--lockstep'])];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { timeout: warmTimeoutMs }, () => resolve()).stdin?.end();
  });
}
