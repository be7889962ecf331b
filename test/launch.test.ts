/** The launcher's three ways into the pinned Node.js. Two leave one process; the last has a parent that passes signals on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';

const program = path.resolve(import.meta.dirname, '../bin/floodgate-agent');
/** A pcap without frames: magic, version 2.4, snap length, Ethernet. */
const emptyCapture = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');

/** The launcher under this Node.js, after `preload` took something away from it; the agent waits on its standard input. */
function launch(t: Test, preload: string): { process: ChildProcess; errors: () => string; samples: string } {
  const file = path.join(t.testdir(), 'preload.cjs');
  writeFileSync(file, preload);
  const samples = path.join(path.dirname(file), 'samples.jsonl');
  const options = ['--read', '-', '--until', 'tcp', '--stats', samples, '--stats-interval-ms', '50'];
  const child = spawn(process.execPath, ['--require', file, program, ...options]);
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  child.stderr.on('data', (piece) => {
    text += piece;
  });
  return { process: child, errors: () => text, samples };
}

/** Waits until the agent's own process runs. @returns its process id */
async function agentProcess(launcher: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    for (const pid of [launcher, ...childrenOf(launcher)]) {
      if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('agent/main')) return pid;
    }
    await sleep(50);
  }
  throw new Error('the agent did not start within 10 s');
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => {
      try {
        return Number(readFileSync(`/proc/${other}/stat`, 'latin1').split(') ')[1]!.split(' ')[1]) === pid;
      } catch {
        return false;
      }
    });
}

const ways = {
  'by execve of Node.js': { preload: '', parent: false },
  'by execve of the C library': { preload: 'delete process.execve;', parent: false },
  'as a child': {
    preload: `delete process.execve; require(${JSON.stringify(createRequire(import.meta.url).resolve('koffi'))}).load = () => { throw new Error('none'); };`,
    parent: true,
  },
};

for (const [name, { preload, parent }] of Object.entries(ways)) {
  t.test(name, { skip: process.platform === 'linux' ? false : 'reads /proc' }, async (t) => {
    const { process: launcher, errors } = launch(t, preload);
    const agent = await agentProcess(launcher.pid!);
    t.equal(agent !== launcher.pid, parent, parent ? 'the launcher stays' : 'nothing but the agent is there');
    launcher.stdin!.end(emptyCapture);
    const [code, signal] = await once(launcher, 'close');
    t.same([code, signal], [0, null], errors());
    t.match(errors(), 'memory: at most', 'its standard streams are the caller’s');
  });

  t.test(
    `${name}: a signal ends the agent`,
    { skip: process.platform === 'linux' ? false : 'reads /proc' },
    async (t) => {
      const { process: launcher, errors, samples } = launch(t, preload);
      const agent = await agentProcess(launcher.pid!);
      // Its first sample: handlers of signals stand by then.
      while (!existsSync(samples) || statSync(samples).size === 0) await sleep(20);
      launcher.kill('SIGTERM');
      const [code, signal] = await once(launcher, 'close');
      t.same([code, signal], [0, null], errors());
      t.throws(() => process.kill(agent, 0), { code: 'ESRCH' });
    },
  );
}
