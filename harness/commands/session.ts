/** What every command that runs something shares: interruption, progress, and variables that nothing it starts may see. */
import { storeVariable, takesPassword } from '../history/store-address.ts';
import { holdPassword } from '../history/store-password.ts';
import { reportSignalsHeard } from '../link/namespace.ts';
import { queueVariable } from '../queue/queue-address.ts';
import { withoutOwnNode } from '../target/path-of-node.ts';
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

/** @param config that the command was given; undefined: the one that is found from the working folder */
export async function openSession(config?: string): Promise<Session> {
  takeVariable(queueVariable);
  if (process.env.PATH !== undefined) process.env.PATH = withoutOwnNode(process.env.PATH);
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
  const store = takeVariable(storeVariable);
  await keepStorePassword(config, store);
  return {
    signal: interrupted.signal,
    progress: createProgress(process.stderr, isLive(process.stderr)),
    toolVersion: readToolVersion(),
    store,
    passphrase: takeVariable('FLOODGATE_KEY_PASSPHRASE'),
  };
}

/** No target, no load and no build that a command starts shall see an address with a password, or what opens a key. */
function takeVariable(name: string): string | undefined {
  const given = process.env[name];
  delete process.env[name];
  return given;
}

/** A password that the history needs is no target's. One that it does not need may be. */
async function keepStorePassword(config: string | undefined, store: string | undefined): Promise<void> {
  if (process.env.PGPASSWORD === undefined) return;
  const { historyPlace } = await import('./history-place.ts');
  // A configuration, or an address, that is wrong is said where it is used.
  // Whether this command stores or not: the configuration's address needs it as well.
  const place = await historyPlace(config, store === 'none' ? undefined : store).catch(() => undefined);
  if (place?.address === undefined || !takesPassword(place.address)) return;
  holdPassword();
  process.stderr.write('PGPASSWORD is the history’s: no target, load or build gets it (docs/history.md)\n');
}
