/** One of several capturing threads: a ring of its own, the whole pipeline behind it, records handed to the leading thread. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { PageCredit } from '../bounded/page-credit.ts';
import { forgoAsThread } from '../capture/sys/privileges.ts';
import { FloodgateError } from '../errors.ts';
import { collectGarbage } from '../governor/process-memory.ts';
import { ThreadOutput } from '../sinks/thread-output.ts';
import type { Pressure } from '../tcp/limits.ts';
import { openAgent, openCapture, openOverload } from './capture-parts.ts';
import { nowMs } from './monotonic-clock.ts';
import { report } from './notices.ts';
import { Outputs } from './outputs.ts';
import { ControlWord, type WorkerMessage, type WorkerOrder } from './worker-order.ts';

/** How often counters are handed over: figures of a running agent are this old at most. */
const countersPauseMs = 200;

const port = parentPort!;
const postToLeader = (message: WorkerMessage) => port.postMessage(message);

async function capture(order: WorkerOrder): Promise<void> {
  const { index, count, flags, limits, group, version, fanoutGroup, colours } = order;
  const control = new Int32Array(order.control);
  const source = await openCapture(flags, limits, fanoutGroup);
  try {
    const records: ThreadOutput[] = [];
    const open = (path: string) => {
      const output = new ThreadOutput({
        send: (batch) => port.postMessage({ kind: 'records', path, batch }, [batch.buffer]),
        queued: control,
        place: ControlWord.queued + index,
        queuedBytesMax: limits.outputBytesMax,
      });
      records.push(output);
      return output;
    };
    const outputs = new Outputs(flags, limits, version, { index, count, colours, open });
    await outputs.open();
    const agent = openAgent(flags, limits, source, outputs, nowMs, new PageCredit(order.credit));
    let pressure: number = 0;
    const say = (line: string) => report(`thread ${index + 1} of ${count}: ${line}`);
    const overload = await openOverload(flags, group, source, outputs, () => (pressure > 0 ? 1 : 0), say);
    const publish = () => {
      const shed = {
        'output.batchesShed': records.reduce((sum, { batchesShed }) => sum + batchesShed, 0),
        'output.bytesShed': records.reduce((sum, { bytesShed }) => sum + bytesShed, 0),
      };
      postToLeader({
        kind: 'counters',
        counters: { ...agent.counters(), ...outputs.counters(), ...overload?.snapshot(), ...shed },
        interfaces: source.stats(),
        serverNames: agent.serverNames,
      });
    };
    forgoAsThread(flags.user ?? null);
    postToLeader({ kind: 'open' });
    // What is parsed from here on is whatever the network sends: the leader has dropped its privileges, and ours with them.
    await once(port, 'message');
    let publishedMs = nowMs();
    let collections = 0;
    try {
      await agent.run(() => {
        if (Atomics.load(control, ControlWord.stop) !== 0) agent.stop();
        if (Atomics.load(control, ControlWord.pressure) !== pressure) {
          pressure = Atomics.load(control, ControlWord.pressure);
          agent.setPressure(pressure as Pressure);
        }
        if (Atomics.load(control, ControlWord.collections) !== collections) {
          collections = Atomics.load(control, ControlWord.collections);
          collectGarbage();
        }
        outputs.check();
        overload?.check();
        if (nowMs() - publishedMs < countersPauseMs) return;
        publishedMs = nowMs();
        publish();
      });
    } finally {
      agent.finish();
      await outputs.close(0, null);
      publish();
    }
  } finally {
    source.close();
  }
}

try {
  await capture(workerData as WorkerOrder);
} catch (error) {
  if (!(error instanceof FloodgateError)) throw error;
  const { code, message, hint, exitCode } = error;
  postToLeader({ kind: 'failed', code, message, hint, exitCode });
}
