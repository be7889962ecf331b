/** Verdicts that would mislead: each of these runs once ended with another code, or without a word. */
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { nothingLeft, outcomeOf, processesOf, reportIn, run, start, startIn, tapOnly, workplace } from './cli-trial.ts';
import { paceFlags } from './pace-flags.ts';

t.setTimeout(240_000);
const short = ['--idle', '0.5s', '--recover', '0.2s'];

/** A server of Node.js that answers everything with this status. */
function serverOf(folder: string, status: number): string {
  const file = path.join(folder, 'server.mjs');
  const text = `import http from 'node:http'; http.createServer((request, response) => { response.statusCode = ${status}; response.end('no'); }).listen(process.env.PORT, '127.0.0.1');`;
  writeFileSync(file, text);
  return `node ${file}`;
}

const requests = (count: number) =>
  `node --input-type=module -e "for (let i = 0; i < ${count}; i++) await (await fetch('http://127.0.0.1:{port}/')).text()"`;

t.test('a load that gets no answer of 2xx decides nothing', async (t) => {
  const place = workplace(t);
  const args = ['run', '--target', serverOf(place.folder, 500), '--load', requests(200), ...short, '--out', place.out];
  const silent = await run([...args, '--budget', 'rss.max=2GB'], place.temporary);
  t.equal(silent.code, 4, silent.out);
  t.match(silent.out, / UNDECIDED .*None of 200 answers had a status of 2xx/);
  t.match(silent.out, /warning: 200 of 200 answers had another status than 2xx/);
  const meant = await run([...args, '--budget', 'rss.max=2GB', '--budget', 'requests.failed=200'], place.temporary);
  t.equal(meant.code, 0, 'who expects them says so');
  const over = await run([...args, '--budget', 'requests.failed=199'], place.temporary);
  t.equal(over.code, 1, over.out);
  t.match(
    reportIn(place.out).fault,
    { exitCode: 4 },
    'a limit of fewer does not make it a load: comparisons read this',
  );
  await nothingLeft(t, place);
});

t.test('the target’s runtime is its own, and what was not counted is not zero', async (t) => {
  const place = workplace(t);
  const args = ['run', '--target', serverOf(place.folder, 200), '--load', requests(3), ...short, '--out', place.out];
  const { code, out, err } = await run(args, place.temporary);
  t.equal(code, 0, out + err);
  const report = reportIn(place.out);
  t.match(report.target.runtime, /^Node\.js \d+\.\d+\.\d+ \(V8 /);
  t.equal(report.ledger, null);
  t.match(
    readFileSync(path.join(place.out, 'report.md'), 'utf8'),
    `on ${report.target.runtime.replace(/\(/, '\\(').slice(0, 12)}`,
  );
  const plain = workplace(t);
  await run(['run', '--target', 'sleep 2', '--duration', '0.3s', ...short, '--out', plain.out], plain.temporary);
  t.equal(reportIn(plain.out).target.runtime, '', 'it said nothing');
});

t.test('what is ended with nothing open has cut nothing, though it says no last word', async (t) => {
  const starts = {
    child: `import { fork } from 'node:child_process';
      const isMain = process.send === undefined;
      const start = () => fork(new URL(import.meta.url).pathname).on('exit', start).on('message', function () { this.kill(); });
      const done = () => process.send('');`,
    thread: `import { isMainThread as isMain, parentPort, Worker } from 'node:worker_threads';
      const start = () => new Worker(new URL(import.meta.url)).on('exit', start).on('message', function () { this.terminate(); });
      const done = () => parentPort.postMessage('');`,
  };
  for (const [kind, start] of Object.entries(starts)) {
    const place = workplace(t);
    const [server, asker] = [path.join(place.folder, 'server.mjs'), path.join(place.folder, 'load.mjs')];
    writeFileSync(
      asker,
      `const ask = (path) => fetch('http://127.0.0.1:' + process.argv[2] + path).then((response) => response.text(), () => undefined);
      for (let i = 0; i < 40; i++) {
        while ((await ask(i % 20 === 15 ? '/last' : '/')) === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
        if (i % 20 === 15) await new Promise((resolve) => setTimeout(resolve, 600));
      }`,
    );
    writeFileSync(
      server,
      `import { createServer } from 'node:http';
      ${start}
      if (isMain) start();
      else createServer(({ url }, response) => {
        response.setHeader('connection', 'close').end('yes');
        if (url === '/last') setTimeout(done, 300);
      }).listen(process.env.PORT, '127.0.0.1');`,
    );
    const words = ['--target', `node ${server}`, '--load', `node ${asker} {port}`, ...short];
    const { code, out, err } = await run(
      ['run', ...words, '--budget', 'requests.failed=0', '--out', place.out],
      place.temporary,
    );
    t.equal(code, 0, `${kind}: ${out}${err}`);
    t.match(out, /requests\.failed +0 ≤ 0/);
    await nothingLeft(t, place);
  }
});

t.test(
  'a process or a thread that ends by itself has cut what it had open; of one that is killed nobody knows',
  async (t) => {
    const ends = {
      exit: { how: 'process.exit(1)', code: 1, figure: /requests\.failed +2 ≤ 0/ },
      throw: { how: 'null.x', code: 1, figure: /requests\.failed +2 ≤ 0/ },
      kill: {
        how: 'kill()',
        code: 4,
        figure: /2 processes or threads of the target ended/,
      },
    };
    const starts = {
      cluster: `import cluster from 'node:cluster';
      const isMain = cluster.isPrimary;
      const kill = () => process.kill(process.pid, 'SIGKILL');
      const start = () => cluster.fork().on('exit', start);`,
      thread: `import { isMainThread as isMain, parentPort, Worker } from 'node:worker_threads';
      const kill = () => parentPort.postMessage('');
      const start = () => new Worker(new URL(import.meta.url)).on('error', () => {}).on('exit', start).on('message', function () { this.terminate(); });`,
    };
    // The limit of time: a connection that a cluster's primary hands to a worker as it ends is closed by nobody (Node.js 20, 1 run in 100).
    const load = `import http from 'node:http';
    const keepOne = () => new http.Agent({ keepAlive: true, maxSockets: 1 });
    let agent = keepOne();
    const ask = (path) => new Promise((resolve) => {
      let code;
      http.get({ port: process.argv[2], host: '127.0.0.1', path, agent, signal: AbortSignal.timeout(2000) }, (response) => response.resume())
        .on('error', (error) => { code = error.code; agent.destroy(); agent = keepOne(); })
        .on('close', () => resolve(code));
    });
    for (let i = 0; i < 60; i++) {
      while ((await ask(i % 30 === 15 ? '/end' : '/')) === 'ECONNREFUSED') await new Promise((resolve) => setTimeout(resolve, 20));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }`;
    for (const [kind, start] of Object.entries(starts)) {
      for (const [name, { how, code: wanted, figure }] of Object.entries(ends)) {
        const place = workplace(t);
        const [server, asker] = [path.join(place.folder, 'server.mjs'), path.join(place.folder, 'load.mjs')];
        writeFileSync(asker, load);
        writeFileSync(
          server,
          `import { createServer } from 'node:http';
        ${start}
        if (isMain) start();
        else createServer(({ url }, response) => {
          if (url === '/end') setTimeout(() => ${how}, 5);
          else response.end('yes');
        }).listen(process.env.PORT, '127.0.0.1');`,
        );
        const words = ['--target', `node ${server}`, '--load', `node ${asker} {port}`, ...short];
        const { code, out, err } = await run(
          ['run', ...words, '--budget', 'requests.failed=0', '--out', place.out],
          place.temporary,
        );
        t.equal(code, wanted, `${kind}, ${name}: ${out}${err}`);
        t.match(out, figure);
        await nothingLeft(t, place);
      }
    }
  },
);

t.test('a target that cannot start is run once, and was not judged', async (t) => {
  for (const target of ['node no-such-file.mjs', 'sh -c "echo no database >&2; exit 3"', 'node -e "process.exit(7)"']) {
    for (const idle of ['0.5s', '0s']) {
      const place = workplace(t);
      const limits = ['--budget', 'rss.max=1GB', '--explain'];
      const args = ['run', '--target', target, '--idle', idle, '--recover', '0s', ...limits, '--out', place.out];
      const { code, err } = await run(args, place.temporary);
      t.equal(code, 2, `${target}, idle ${idle}: ${err}`);
      t.match(err, /ended before it was ready \(exit code \d\)/);
      t.same(readdirSync(place.out), ['pass-measure'], 'one pass, and no report');
      await nothingLeft(t, place);
    }
  }
});

t.test('what was allocated under a load is put in time: there were no frames', async (t) => {
  const place = workplace(t);
  const args = ['run', '--target', serverOf(place.folder, 200), '--load', requests(200), ...short, '--out', place.out];
  const { code, out, err } = await run([...args, '--budget', 'allocated.bytes=1kB'], place.temporary);
  t.equal(code, 1, out + err);
  t.match(out, /Allocated on the heap in [\d.]+ m?s of load, [\d.]+ [kM]B a second/);
  t.notMatch(out, /frames/);
  await nothingLeft(t, place);
});

t.test('a harness that is killed inside its namespace: exit 2, and nothing left behind', tapOnly, async (t) => {
  const place = workplace(t);
  const child = start(['run', 'incident', '--out', place.out], place.temporary);
  const outcome = outcomeOf(child);
  while (!existsSync(path.join(place.out, 'pass-measure', 'agent-stats.jsonl'))) await pause(20);
  const inside = processesOf(place.folder).find((pid) => {
    // The first process of its namespace.
    return /^NSpid:\s+\d+\s+1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  });
  t.ok(inside, 'the one inside is found');
  process.kill(Number(inside), 'SIGKILL');
  const { code, err } = await outcome;
  t.equal(code, 2, err);
  t.match(err, /the run was killed before its verdict/);
  await nothingLeft(t, place);
});

t.test('runs/latest points at a report, never at a run under way', async (t) => {
  const place = workplace(t);
  const target = serverOf(place.folder, 200);
  const args = ['run', '--target', target, ...short, '--duration', '0.2s'];
  const first = await outcomeOf(startIn(place.folder, args, place.temporary));
  t.equal(first.code, 0, first.err);
  const latest = path.join(place.folder, 'runs', 'latest');
  const before = readlinkSync(latest);
  t.ok(existsSync(path.join(latest, 'report.json')));
  const killed = startIn(
    place.folder,
    ['run', '--target', target, '--duration', '60s', '--idle', '30s'],
    place.temporary,
  );
  const ended = outcomeOf(killed);
  while (readdirSync(path.join(place.folder, 'runs')).length < 3) await pause(20);
  t.equal(readlinkSync(latest), before, 'while it runs');
  killed.kill('SIGKILL');
  await ended;
  t.equal(readlinkSync(latest), before, 'and after it was killed');
  await nothingLeft(t, place);
});

t.test('what the gate ran can be typed again', async (t) => {
  t.same(paceFlags({ kind: 'recorded', speed: 4 }), ['--speed', '4x']);
  t.same(paceFlags({ kind: 'frames', framesPerSecond: 500 }), ['--pps', '500']);
  t.same(paceFlags({ kind: 'bits', megabitsPerSecond: 80 }), ['--mbps', '80']);
  t.same(paceFlags({ kind: 'topspeed' }), ['--topspeed']);
});
