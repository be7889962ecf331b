/** What every command that runs something shares: interruption, progress, and the network namespace around it. */
import { storeVariable } from '../history/store-address.ts';
import { reportSignalsHeard } from '../link/namespace.ts';
import { queueVariable } from '../queue/queue-address.ts';
import { createProgress, isLive, type ProgressDisplay } from './progress.ts';
import { readToolVersion } from './tool-version.ts';

export interface Session {
  /** Aborted by the first Ctrl-C or SIGTERM; the second ends the process at once. */
  readonly signal: AbortSignal;
  readonly progress: ProgressDisplay;
  readonly toolVersion: string;
  /** Where to store, in the configuration's place: as `FLOODGATE_STORE` said. */
  readonly store: string | undefined;
  /** Of an encrypted private key: as `FLOODGATE_KEY_PASSPHRASE` said. */
  readonly passphrase: string | undefined;
}

export function openSession(): Session {
  takeVariable(queueVariable);
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      // Children are killed on the way out, see child-target.ts.
      if (interrupted.signal.aborted) process.exit(3);
      interrupted.abort();
      process.stderr.write('\nfloodgate: stopping; once more to stop at once\n');
    });
  }
  reportSignalsHeard();
  return {
    signal: interrupted.signal,
    progress: createProgress(process.stderr, isLive(process.stderr)),
    toolVersion: readToolVersion(),
    store: takeVariable(storeVariable),
    passphrase: takeVariable('FLOODGATE_KEY_PASSPHRASE'),
  };
}

/** No target, no load and no build that a command starts shall see an address with a password, or what opens a key. */
function takeVariable(name: string): string | undefined {
  const given = process.env[name];
  delete process.env[name];
  return given;
}
