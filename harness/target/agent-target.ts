/** Our capture agent as a target: the pinned runtime, the source that the lane needs, its figures written to a file. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from './child-target.ts';
import type { LaunchOptions, Target, TargetLauncher } from './target.ts';

/** The agent's entry file: TypeScript in the repository, JavaScript where it was built. */
const agentProgram = fileURLToPath(new URL(`../../agent/main${path.extname(import.meta.url)}`, import.meta.url));

export class AgentLauncher implements TargetLauncher {
  readonly name = 'agent';
  readonly isNode = true;
  readonly #arguments: readonly string[];

  /** @param agentArguments more arguments for the agent, e.g. `['--memory', '96MB']` */
  constructor(agentArguments: readonly string[]) {
    this.#arguments = agentArguments;
  }

  /** Resolves when it captures. */
  start(options: LaunchOptions): Promise<Target> {
    const source = options.interfaces.flatMap((name) => ['--interface', name]);
    // Under a root harness it stays root: the preload writes profiles into a report folder that nobody else may write to.
    if (source.length > 0 && process.geteuid?.() === 0) source.push('--user', 'root');
    const isLive = source.length > 0;
    return startChild({
      name: this.name,
      command: process.execPath,
      arguments: [
        '--disable-warning=ExperimentalWarning',
        ...options.nodeArguments,
        agentProgram,
        ...(isLive ? source : ['--read', '-']),
        '--stats',
        options.statsFile,
        '--stats-interval-ms',
        String(options.statsIntervalMs),
        ...this.#arguments,
      ],
      env: options.env,
      withChannel: true,
      ...(isLive ? { ready: /^capturing on / } : { withInput: true }),
    });
  }
}
