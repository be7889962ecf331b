/** Our capture agent as a target: the pinned runtime, the source that the lane needs, its figures written to a file. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from './child-target.ts';
import type { Target } from './target.ts';

export interface AgentTargetOptions {
  /** Interfaces to capture from; empty: frames come on standard input (the exact lane). */
  readonly interfaces: readonly string[];
  /** Where its counters go: one JSON line per interval, the last one final. */
  readonly statsFile: string;
  readonly statsIntervalMs: number;
  /** More arguments for the agent itself. */
  readonly agentArguments?: readonly string[];
  /** Arguments for Node.js: `--single-threaded`, `--import`, … */
  readonly nodeArguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The preload's channel, see `startChild`. */
  readonly withChannel?: boolean;
  /** Between SIGTERM and SIGKILL. @default 10000 */
  readonly stopTimeoutMs?: number;
}

/** The agent's entry file: TypeScript in the repository, JavaScript where it was built. */
export const agentProgram = fileURLToPath(new URL(`../../agent/main${path.extname(import.meta.url)}`, import.meta.url));

/** Starts the agent and resolves when it captures. @throws FloodgateError as `startChild` does. */
export function startAgent(options: AgentTargetOptions): Promise<Target> {
  const source = options.interfaces.flatMap((name) => ['--interface', name]);
  return startChild({
    name: 'agent',
    command: process.execPath,
    arguments: [
      '--disable-warning=ExperimentalWarning',
      ...(options.nodeArguments ?? []),
      agentProgram,
      ...(source.length > 0 ? source : ['--read', '-']),
      '--stats',
      options.statsFile,
      '--stats-interval-ms',
      String(options.statsIntervalMs),
      ...(options.agentArguments ?? []),
    ],
    ...(source.length > 0 ? { ready: /^capturing on / } : { withInput: true }),
    ...(options.env ? { env: options.env } : {}),
    ...(options.withChannel ? { withChannel: true } : {}),
    ...(options.stopTimeoutMs === undefined ? {} : { stopTimeoutMs: options.stopTimeoutMs }),
  });
}
