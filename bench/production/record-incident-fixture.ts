/**
 * `node record-incident-fixture.ts ORDER.json`: production, for a test of what comes behind it. In one namespace traffic is made, in the other
 * an agent with a defect captures it and `floodgate record --on-spike` stands beside it. Prints what was kept as JSON.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { isInNamespace, runInNamespace } from '../../harness/link/namespace.ts';
import { openTraffic } from '../../harness/traffic/open-traffic.ts';
import { asRecorded, said, Wire, wireName } from './wire-fixture.ts';

export interface IncidentOrder {
  /** Of the installed package. */
  readonly package: string;
  /** Where the recorder works; its folder there is `flight`. */
  readonly folder: string;
  readonly captures: readonly string[];
  readonly speed: number;
  readonly defect: string;
  readonly agentWords: readonly string[];
  readonly recordWords: readonly string[];
}

export interface RecordedIncident {
  /** The folder of the spike. */
  readonly spike: string;
  readonly framesSent: number;
  readonly bytesSent: number;
  /** Whatever the recorder said. */
  readonly said: string;
}

async function record(order: IncidentOrder): Promise<RecordedIncident> {
  const wire = await Wire.lay();
  const agent = await startAgent(wire, order);
  const recorder = wire.startThere(
    process.execPath,
    [
      path.join(order.package, 'bin', 'floodgate'),
      ...['record', '-i', wireName, '-o', 'flight', '--on-spike', String(agent.pid), ...order.recordWords],
    ],
    { cwd: order.folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let words = '';
  recorder.stderr!.on('data', (chunk) => {
    words += chunk;
  });
  await said(recorder, /usual level/);
  const kept = said(recorder, /kept in (\S+)/);
  const [first, ...merge] = order.captures;
  const traffic = await openTraffic({ kind: 'recording', path: first!, merge });
  const { frames, bytes } = await wire.send(traffic, asRecorded(order.speed));
  traffic.close();
  const spike = /kept in (\S+)/.exec(await kept)![1]!;
  recorder.kill('SIGTERM');
  await said(recorder, /own cost/);
  agent.kill('SIGKILL');
  wire.close();
  return { spike: path.resolve(order.folder, spike), framesSent: frames, bytesSent: bytes, said: words };
}

/** As the launcher starts it, with a defect that no option of it names. */
async function startAgent(wire: Wire, order: IncidentOrder) {
  const inPackage = (...parts: string[]) => path.join(order.package, ...parts);
  const replaces = pathToFileURL(inPackage('dist', 'scenarios', 'defects', order.defect, 'replaces.js')).href;
  const defect: { agentArguments?: readonly string[] } = await import(replaces);
  const nodeWords = JSON.parse(readFileSync(inPackage('agent', 'node-arguments.json'), 'utf8')) as string[];
  const register = `${pathToFileURL(inPackage('dist', 'scenarios', 'defects', 'register.js')).href}?defect=${order.defect}`;
  const agent = wire.startThere(
    process.execPath,
    [
      ...nodeWords,
      ...['--import', register, inPackage('dist', 'agent', 'main.js'), '--interface', wireName, '--user', 'root'],
      ...(defect.agentArguments ?? []),
      ...order.agentWords,
    ],
    { cwd: order.folder, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, MALLOC_ARENA_MAX: '1' } },
  );
  await said(agent, /capturing on /);
  return agent;
}

if (isInNamespace()) {
  const order = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as IncidentOrder;
  const done = await record(order);
  // What still runs in here ends with this process.
  process.stdout.write(`${JSON.stringify(done)}\n`, () => process.exit(0));
} else {
  process.exitCode = await runInNamespace([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
}
