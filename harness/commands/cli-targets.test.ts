/** `floodgate run --target`, as a person uses it: real programs under real load, and nothing left behind. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { nothingLeft, outcomeOf, processesOf, reportIn, run, start, tapOnly, workplace } from './cli-trial.ts';

t.setTimeout(240_000);
const testdata = fileURLToPath(new URL('../target/testdata/', import.meta.url));
const server = path.join(testdata, 'leaking-server.mjs');
const load = (seconds: number) => `autocannon -c 10 -d ${seconds} http://127.0.0.1:{port}`;
const short = ['--idle', '0.5s', '--recover', '0.5s'];
const hasGo = spawnSync('go', ['version']).status === 0;
const hasTcpdump = spawnSync('tcpdump', ['--version']).error === undefined;
const tcpdumpOnly = hasTcpdump ? tapOnly : { skip: 'NO TCPDUMP HERE, so another capture agent is not tested' };
const goOnly = hasGo ? {} : { skip: 'NO GO HERE, so a Go service under load is not tested' };

t.test('a Node.js server under autocannon: over budget, explained to the line', async (t) => {
  const place = workplace(t);
  const args = ['run', '--target', `node ${server}`, '--load', load(2), ...short, '--out', place.out];
  const { code, out, err } = await run([...args, '--budget', 'rss.max=70MB'], place.temporary);
  t.equal(code, 1, out + err);
  // Where collections were forced, what keeps it comes before the place that made it.
  t.match(out, /(?:first suspect|made by) .*leaking-server\.mjs:\d+ keepRecords/);
  const report = reportIn(place.out);
  t.same(
    report.phases.map((phase) => phase.name),
    ['idle', 'load', 'recover'],
  );
  t.ok(report.phases.every((phase) => (phase.rssMaxBytes ?? 0) > 30e6));
  const passes = report.passes.map(({ kind }) => kind).filter((kind) => kind !== 'settled');
  t.same(passes.slice(0, 3), ['measure', 'allocations', 'live-heap']);
  t.equal(report.lane, 'load');
  t.equal(report.ledger, null);
  t.match(report.target.name, /^node .*leaking-server/);
  const suspects = report.spikes.flatMap((spike) => spike.suspects);
  t.ok(
    suspects.some((each) => each.where === 'off-heap' && each.functionName === 'keepBuffer'),
    'buffers too',
  );
  t.match(readFileSync(path.join(place.out, 'load.log'), 'utf8'), /requests in/);
  for (const name of ['report.html', 'report.md', 'junit.xml']) t.ok(existsSync(path.join(place.out, name)), name);
  await nothingLeft(t, place);
});

t.test('within budget: exit 0', async (t) => {
  const place = workplace(t);
  const args = ['run', '--target', `node ${server}`, '--load', load(1), ...short, '--out', place.out];
  const { code, out, err } = await run([...args, '--budget', 'rss.max=2GB'], place.temporary);
  t.equal(code, 0, out + err);
  await nothingLeft(t, place);
});

t.test('a launcher that becomes a Node.js is looked into as one that starts it', async (t) => {
  for (const launcher of ['nice', 'A=1 env B=2', 'timeout 60']) {
    const place = workplace(t);
    const args = ['run', '--target', `${launcher} node ${server}`, '--load', load(1), ...short, '--out', place.out];
    const { code, out, err } = await run([...args, '--budget', 'rss.max=2GB'], place.temporary);
    t.equal(code, 0, launcher + out + err);
    t.match(reportIn(place.out).target.runtime, /^Node\.js/, launcher);
    await nothingLeft(t, place);
  }
});

t.test('a Go server with net/http/pprof', goOnly, async (t) => {
  const place = workplace(t);
  const program = path.join(place.folder, 'leaking-server');
  const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '' };
  const build = spawnSync('go', ['build', '-o', program, path.join(testdata, 'leaking-server', 'main.go')], { env });
  t.equal(build.status, 0, String(build.stderr));
  const args = ['run', '--target', program, '--pprof', 'http://127.0.0.1:{port}/debug/pprof', '--load', load(2)];
  const outcome = await run([...args, ...short, '--out', place.out, '--budget', 'rss.max=30MB'], place.temporary);
  t.equal(outcome.code, 1, outcome.out);
  t.match(outcome.out, /(first suspect|made by|kept by) .*main\.go:\d+ main\.keepRecord/);
  await nothingLeft(t, place);
});

t.test('a process that runs already is watched and left alone', async (t) => {
  const place = workplace(t);
  const child = spawn('tail', ['-f', '/dev/null']);
  t.teardown(() => child.kill('SIGKILL'));
  const args = ['run', '--target', `pid:${child.pid}`, '--duration', '1s', ...short, '--out', place.out];
  const { code, out, err } = await run([...args, '--budget', 'rss.max=500MB', '--explain'], place.temporary);
  t.equal(code, 0, out + err);
  t.equal(child.exitCode, null, 'it runs still');
  const report = reportIn(place.out);
  t.equal(report.passes.length, 1, 'nothing more can be known of it');
});

t.test('a program that ends by itself has been watched to its end', async (t) => {
  const place = workplace(t);
  const target = `node -e "let a = []; for (let i = 0; i < 3e5; i++) a.push({ i }); setTimeout(() => {}, 400)"`;
  const { code, out, err } = await run(['run', '--target', target, ...short, '--out', place.out], place.temporary);
  t.equal(code, 0, out + err);
  await nothingLeft(t, place);
});

t.test('a server that nothing drives would never end: it is refused, unless a time is said', async (t) => {
  const place = workplace(t);
  const args = ['run', '--target', `node ${server}`, ...short, '--out', place.out, '--budget', 'rss.max=2GB'];
  const { code, err } = await run(args, place.temporary);
  t.equal(code, 2, err);
  t.match(err, /nothing drives .* which listens on port \d+ and would never end[\s\S]*duration/);
  t.equal((await run([...args, '--duration', '1s'], place.temporary)).code, 0);
  await nothingLeft(t, place);
});

t.test('another capture agent takes the frames', tcpdumpOnly, async (t) => {
  const place = workplace(t);
  const target = 'tcpdump -i {interface} -w /dev/null';
  const args = ['run', 'steady', '--size', '3MB', '--target', target, '--ready', 'listening on', '--topspeed'];
  const { code, out } = await run([...args, '--out', place.out, '--budget', 'rss.max=500MB'], place.temporary);
  const report = reportIn(place.out);
  t.equal(report.lane, 'tap', `${code} ${out}`);
  t.ok(report.ledger!.framesDelivered > 1_000);
  await nothingLeft(t, place);
});

t.test(
  'the load goes to PORT, though the target listens elsewhere first; and where it never listens there, that is said',
  async (t) => {
    const place = workplace(t);
    const service = path.join(place.folder, 'service.mjs');
    // Its metrics are up at once, the service itself once it has what it needs.
    const lines = [
      "import { createServer } from 'node:http';",
      "createServer((_, response) => response.end('metrics')).listen(0, '127.0.0.1');",
      "const service = createServer((_, response) => response.end('service'));",
      "if (process.argv[2] === 'late') setTimeout(() => service.listen(process.env.PORT, '127.0.0.1'), 400);",
    ];
    writeFileSync(service, lines.join('\n'));
    const drive = `node -e "fetch('http://127.0.0.1:{port}').then(async (answer) => console.log(await answer.text()))"`;
    for (const [how, answer] of [
      ['late', 'service'],
      ['never', 'metrics'],
    ] as const) {
      const args = ['--target', `node ${service} ${how}`, '--load', drive, '--no-explain'];
      const { code, err } = await run(['run', ...args, '--out', place.out], place.temporary);
      t.equal(code, 0, err);
      t.match(readFileSync(path.join(place.out, 'load.log'), 'utf8'), answer);
      const said = reportIn(place.out).notes.filter(({ text }) => /^the load was sent to port/.test(text));
      if (how === 'late') t.same(said, []);
      else
        t.match(said, [
          {
            severity: 'warning',
            text: /^the load was sent to port (\d+): .* given port \d+ \(PORT\) and listens on \1;/,
          },
        ]);
    }
    await nothingLeft(t, place);
  },
);

t.test('what cannot be run: exit 2, and what to do', async (t) => {
  const place = workplace(t);
  const cases: [string[], RegExp][] = [
    [['--target', `node ${server}`, '--load', 'exit 3'], /the load failed \(exit code 3\)/],
    [['--target', `node ${server}`, '--load', 'no-such-program'], /no-such-program: .*not found/],
    [['--target', 'node no-such-file.js', '--load', load(1)], /Cannot find module/],
    [['--target', 'pid:1'], /--duration/],
    [['--load', load(1)], /Add --target/],
    [['--target', `node ${server}`, '--idle', 'soon'], /not an amount/],
    [['--target', `node ${server}`, '--ready', '('], /--ready/],
    [['incident', '--target', `node ${server}`, '--load', 'true'], /scenario drives/],
    [[], /nothing to run/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await run(['run', ...args, '--out', place.out], place.temporary);
    t.equal(code, 2, `${args.join(' ')}: ${err}`);
    t.match(err, message);
    t.notMatch(err, /mistake in floodgate/);
    await nothingLeft(t, place);
  }
});

t.test('a target that dies under load: exit 1, with its last words', async (t) => {
  const place = workplace(t);
  const kill = 'autocannon -c 1 -d 2 http://127.0.0.1:{port}/die';
  const { code, out, err } = await run(
    ['run', '--target', `node ${server}`, '--load', kill, ...short, '--out', place.out],
    place.temporary,
  );
  t.equal(code, 1, out + err);
  t.match(out, /died under the traffic \(exit code 9\)/);
  await nothingLeft(t, place);
});

t.test('Ctrl-C keeps what was measured; a killed harness takes everything along', async (t) => {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const place = workplace(t);
    // Its name in the arguments: so what is left of it would be seen.
    const target = `node ${server} ${place.folder}`;
    const child = start(
      ['run', '--target', target, '--load', `${load(30)} # ${place.folder}`, '--out', place.out],
      place.temporary,
    );
    const ended = outcomeOf(child);
    for (let i = 0; i < 1_200 && !processesOf(place.folder).some((pid) => isLoad(pid)); i++) await pause(50);
    await pause(500);
    child.kill(signal);
    if (signal === 'SIGINT') {
      const { code, out, err } = await ended;
      t.equal(code, 3, out + err);
      t.match(out, /STOPPED/);
    }
    await nothingLeft(t, place);
  }
});

function isLoad(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/bin/sh');
  } catch {
    return false;
  }
}
