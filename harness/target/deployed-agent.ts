/** Our agent as a user deploys it: every stage, default redaction, a spool on disk, and a collector that it uploads to. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { AgentLauncher, ownAgentCommand } from './agent-target.ts';
import { Collector } from './collector.ts';
import type { LaunchOptions, Target, TargetLauncher } from './target.ts';

export class DeployedAgentLauncher implements TargetLauncher {
  readonly name = 'agent';
  readonly isNode = true;
  readonly #arguments: readonly string[];
  readonly #folder: string | undefined;

  /**
   * @param agentArguments more arguments for the agent, e.g. `['--memory', '96MB']`
   * @param folder a checkout or an installed package, for the agent alone @default the agent of this harness
   */
  constructor(agentArguments: readonly string[], folder?: string) {
    this.#arguments = agentArguments;
    this.#folder = folder;
  }

  /** Resolves when it captures. The collector is the target's companion: whoever stops the target stops it afterwards. */
  async start(options: LaunchOptions): Promise<Target> {
    const folder = path.dirname(options.statsFile);
    const spool = path.join(folder, 'spool');
    mkdirSync(spool, { recursive: true, mode: 0o700 });
    const collector = await Collector.start(ownAgentCommand(), folder);
    const upload = ['--upload', collector.url, '--spool', spool, '--upload-drain-ms', String(drainMs)];
    try {
      const launcher = new AgentLauncher(this.#arguments, this.#folder, upload, drainMs + graceMs);
      const target = await launcher.start(options);
      target.exited.then(() => rmSync(spool, { recursive: true, force: true }));
      return Object.assign(target, { companion: collector });
    } catch (error) {
      await collector.stop();
      rmSync(spool, { recursive: true, force: true });
      throw error;
    }
  }
}

/** A user's agent goes on after a flood, and ours is asked to end soon after it: what waits in the spool is given so long. */
const drainMs = 60_000;
/** … and the frames that wait for the agent this long before that. */
const graceMs = 15_000;
