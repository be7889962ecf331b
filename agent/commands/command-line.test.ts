/** The agent as its users start it: real processes, real files, real signals. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import t from 'tap';
import { deriveLimits } from '../limits.ts';
import { exchangesCapture } from './capture-fixture.ts';
import { conversationsCapture } from './conversation-fixture.ts';
import { parseSize } from './option-values.ts';

/** It has no types of its own. */
const { har: validateHar } = createRequire(import.meta.url)('har-validator') as {
  har: (har: object) => Promise<object>;
};

const root = path.join(import.meta.dirname, '..', '..');
const program = path.join(root, 'agent', 'main.ts');
const nodeArguments = ['--disable-warning=ExperimentalWarning', program];
const folder = t.testdir();
const capture = path.join(folder, 'traffic.pcap');
writeFileSync(capture, exchangesCapture(200));

const run = (...args: string[]) =>
  spawnSync(process.execPath, [...nodeArguments, ...args], { encoding: 'utf8', timeout: 300_000 });
const file = (name: string) => path.join(folder, name);

/** Several at a time, to be quick; not all at once, to be small. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

async function outcome(args: readonly string[]): Promise<{ status: number | null; stderr: string }> {
  const child = spawn(process.execPath, [...nodeArguments, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  for await (const chunk of child.stderr!) stderr += chunk;
  if (child.exitCode === null) await once(child, 'exit');
  return { status: child.exitCode, stderr };
}

t.setTimeout(120_000);

t.test('what cannot be: a clear error, a hint, exit code 2', async (t) => {
  const text = file('text.txt');
  writeFileSync(text, 'no capture at all, but long enough to have a header of some sort\n'.repeat(4));
  writeFileSync(file('truncated.pcap'), readFileSync(capture).subarray(0, 1000));
  writeFileSync(file('unknown.yaml'), 'memori: 3\n');
  writeFileSync(file('broken.yaml'), 'memory: [1\n');
  writeFileSync(file('secret.yaml'), 'password=hunter2\n');
  const conf = file('good.yaml');
  writeFileSync(conf, `read: ${capture}\n`);
  symlinkSync(capture, file('link.pcap'));
  const before = readFileSync(capture);
  const cases: [string, string[], RegExp][] = [
    ['no source', [], /where frames come from/],
    ['two sources', ['--read', capture, '--interface', 'lo'], /exactly one/],
    ['in step with a file', ['--read', capture, '--lockstep'], /--lockstep is for one thread that reads --read -/],
    ['a directory', ['--read', folder], /directory/],
    ['a text file', ['--read', text], /neither pcap nor pcapng/],
    ['no such file', ['--read', file('absent')], /no file/],
    ['no such device', ['--interface', 'nosuchdevice0'], /no interface|not permitted|permission|only on Linux/i],
    ['an unknown option', ['--bogus'], /unknown option/],
    ['a size that is none', ['--read', capture, '--memory', 'much'], /size/],
    ['too little memory', ['--read', capture, '--memory', '1MB'], /at least/],
    ['a full disk for messages', ['--read', capture, '--messages', '/dev/full'], /disk is full/],
    ['a full disk for HAR', ['--read', capture, '--har', '/dev/full'], /disk is full/],
    ['a full disk for witnesses', ['--read', capture, '--witnesses', '/dev/full'], /disk is full/],
    ['a full disk for statistics', ['--read', capture, '--stats', '/dev/full'], /disk is full/],
    ['an output that cannot be', ['--read', capture, '--har', file('absent/x.har')], /cannot write/],
    ['an output over what is read', ['--read', capture, '--har', capture], /--har would write over what --read reads/],
    ['the same by a link', ['--read', file('link.pcap'), '--stats', capture], /--stats would write over/],
    ['an output over the configuration', ['--config', conf, '--messages', conf], /over what --config reads/],
    [
      'two outputs in one file',
      ['--read', capture, '--messages', file('x'), '--har', file('./x')],
      /write the same file/,
    ],
    ['two on standard output', ['--read', capture, '--print', '--witnesses', '-'], /both write on standard output/],
    ['an interval of nothing', ['--read', capture, '--stats-interval-ms', '9'], /of no use without --stats/],
    ['HAR into a pipe', ['--read', capture, '--har', '-'], /a pipe cannot take it.*\n.*--messages -/],
    [
      'an unknown name in the configuration',
      ['--config', file('unknown.yaml')],
      /line 1: there is no option memori: is memory meant/,
    ],
    ['a broken configuration', ['--config', file('broken.yaml')], /no YAML/],
    ['a configuration that is a list of nothing', ['--config', file('secret.yaml')], /names and values/],
    ['nothing to inspect', ['inspect', text], /not a witnesses file/],
  ];
  await inParallel(cases, async ([what, args, message]) => {
    const { status, stderr } = await outcome(args);
    t.equal(status, 2, `${what}: exit code`);
    t.match(stderr, message, what);
    t.notMatch(stderr, /^\s+at /m, `${what}: no stack`);
    t.notMatch(stderr, /hunter2/, `${what}: shows nothing of the file`);
  });
  t.ok(readFileSync(capture).equals(before), 'what is read is left as it was');
  t.equal(readFileSync(conf, 'utf8'), `read: ${capture}\n`);
  t.match(run('--read', capture).stderr, /^nothing is written: --print/, 'a run without an output');
  t.notMatch(run('--read', capture, '--until', 'tcp').stderr, /nothing is written/, 'unless that is wanted');
  const cut = run('--read', file('truncated.pcap'), '--messages', '-');
  t.match(cut.stdout, /"type":"request"/, 'a cut capture: what came before counts');
});

t.test('help: for each command, with examples; limits with their defaults', (t) => {
  for (const command of [[], ['inspect'], ['collect']]) {
    const { status, stdout } = run(...command, '--help');
    t.equal(status, 0);
    t.match(stdout, /^Examples:$/m, command.join());
  }
  const help = run('--help').stdout.replace(/\s+/g, ' ');
  const logged = (option: string) => new RegExp(`--${option} <.*?\\(default: ([\\w.]+)`).exec(help)?.[1];
  // As they are derived where nothing is said.
  const { tcp, http, witness } = deriveLimits({});
  t.equal(Number(logged('pages-per-connection')), tcp.pagesPerConnectionMax);
  t.equal(Number(logged('stream-timeout-seconds')) * 1e6, tcp.gapTimeoutUs);
  t.equal(Number(logged('ack-slack')), tcp.ackSlackPackets);
  t.equal(parseSize(logged('max-http-length')!), http.messageBytesMax);
  t.equal(parseSize(logged('max-decoded-length')!), witness.body.decodedBytesMax);
  t.end();
});

t.test('messages, HAR, witnesses and statistics of one capture', async (t) => {
  const { status, stdout, stderr } = run(
    ...['--read', capture, '--messages', '-', '--har', file('a.har'), '--witnesses', file('a.witnesses')],
    ...['--stats', file('stats.json')],
  );
  t.equal(status, 0, stderr);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.equal(lines.length, 400);
  t.strictSame(Object.keys(lines[0]), [
    ...['type', 'stream', 'exchange', 'pairing', 'ts', 'method', 'uri', 'host', 'status'],
    ...['headersBytes', 'bodyBytes', 'complete'],
  ]);
  t.ok(lines.every((line) => line.complete));
  const har = JSON.parse(readFileSync(file('a.har'), 'utf8'));
  await validateHar(har);
  t.equal(har.log.entries.length, 200);
  const stats = JSON.parse(readFileSync(file('stats.json'), 'utf8'));
  t.match(stats, { type: 'final', 'http.requestsComplete': 200, 'http.responsesComplete': 200, 'har.entries': 200 });
  t.equal(stats['witnessFile.written'], 200);
  t.match(stderr, /^memory: at most \d+ MB by its limits, beside \d+ MB of runtime/);
  const inspected = run('inspect', file('a.witnesses'));
  t.equal(inspected.stdout.trim().split('\n').length, 200);
  for (const name of ['a.har', 'a.witnesses']) {
    t.notMatch(readFileSync(file(name), 'latin1'), /s3cr3t-t0ken/, `${name} holds no secret`);
  }
  run('--read', capture, '--har', file('open.har'), '--obfuscate', 'off');
  t.match(readFileSync(file('open.har'), 'utf8'), /s3cr3t-t0ken/, 'unless asked to');
});

t.test('configuration, environment, command line: the nearest wins', (t) => {
  writeFileSync(file('agent.yaml'), `read: ${capture}\nmemory: 100MB\nstats: ${file('config.json')}\nuntil: tcp\n`);
  const env = { ...process.env, FLOODGATE_AGENT_MEMORY: '120MB', FLOODGATE_AGENT_CONFIG: file('agent.yaml') };
  const start = (...args: string[]) =>
    spawnSync(process.execPath, [...nodeArguments, ...args], { encoding: 'utf8', env }).stderr;
  t.match(start(), /ends at 190 MB/, 'environment over configuration');
  t.match(start('--memory', '150MB'), /ends at 220 MB/, 'command line over both');
  t.equal(JSON.parse(readFileSync(file('config.json'), 'utf8'))['http.requests'], 0, 'until: tcp was taken');
  t.notMatch(start(), /in the environment/);
  Object.assign(env, { FLOODGATE_AGENT_MEMROY: 'hunter2', FLOODGATE_AGENT_COLLECT_PRINT: 'true' });
  const logged = start();
  t.match(
    logged,
    /^FLOODGATE_AGENT_MEMROY in the environment is no option and says nothing: is FLOODGATE_AGENT_MEMORY meant/,
  );
  t.match(logged, /ends at 190 MB/, 'and stops nothing');
  t.notMatch(logged, /hunter2|COLLECT/);
  t.end();
});

t.test('a reader that goes away is no error', async (t) => {
  const child = spawn(process.execPath, [...nodeArguments, '--read', capture, '--messages', '-']);
  child.stdout.destroy();
  const [code] = await once(child, 'exit');
  t.equal(code, 0);
});

t.test('the memory ceiling ends it with code 4', (t) => {
  // What witnesses need alone is more than is left.
  const { status, stderr } = run(
    '--read',
    capture,
    '--until',
    'witnesses',
    '--memory-ceiling',
    '48MB',
    '--memory',
    '32MB',
  );
  t.equal(status, 4);
  t.match(stderr, /memory ceiling reached: \d+ MB of 48 MB/);
  t.end();
});

/** An agent that reads a pipe which the test holds open. */
async function piped(...args: string[]): Promise<{ child: ChildProcess; logged: () => string }> {
  const child = spawn(process.execPath, [...nodeArguments, '--read', '-', ...args]);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  while (!/MB of runtime/.test(stderr)) await once(child.stderr, 'data');
  return { child, logged: () => stderr };
}

t.test('SIGTERM: flushes, writes its statistics, exits 0', async (t) => {
  const args = ['--har', file('term.har'), '--stats', file('term.jsonl'), '--stats-interval-ms', '50'];
  const { child } = await piped(...args);
  child.stdin!.write(readFileSync(capture));
  for (let tries = 0; tries < 2_000; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (/"http.responsesComplete":200/.test(readFileSync(file('term.jsonl'), 'utf8'))) break;
  }
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  t.equal(code, 0);
  const lines = readFileSync(file('term.jsonl'), 'utf8').trim().split('\n');
  t.match(JSON.parse(lines[0]!), { type: 'sample' });
  t.match(JSON.parse(lines.at(-1)!), { type: 'final', 'http.requestsComplete': 200 });
  t.equal(JSON.parse(readFileSync(file('term.har'), 'utf8')).log.entries.length, 200);
});

t.test('readings in step say how full the bounds of HTTP are', (t) => {
  const request = `GET /waits HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(5_000)}\r\n\r\n`;
  const says = Array.from({ length: 60 }, () => [0, request] as const);
  const args = ['--read', '-', '--lockstep', '--until', 'http', '--stats', file('waits.jsonl')];
  const { status, stderr } = spawnSync(process.execPath, [...nodeArguments, ...args], {
    input: conversationsCapture([{ says }]),
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
  const lines = readFileSync(file('waits.jsonl'), 'utf8').trim().split('\n');
  const samples = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'sample');
  // At the end none waits: the connection has closed.
  const most = Math.max(...samples.map((sample) => sample['http.waitingRequests'] ?? 0));
  t.ok(most > 30 && most <= 60, `${most} requests waited`);
  t.ok(samples.every((sample) => sample['http.headPoolBytes'] >= 0));
  t.end();
});

t.test('a pipe that runs dry: recorded frames keep the clock of their own, no stream ends for the pause', async (t) => {
  const { child } = await piped('--stats', file('dry.jsonl'), '--stats-interval-ms', '20');
  const bytes = readFileSync(capture);
  const samples = () => readFileSync(file('dry.jsonl'), 'utf8').trimEnd().split('\n');
  // In the middle of the connection, and of a frame.
  child.stdin!.write(bytes.subarray(0, bytes.length >> 1));
  for (let tries = 0; tries < 2_000 && !/"http.responses":[1-9]/.test(samples().at(-1)!); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const before = samples().length;
  while (samples().length < before + 20) await new Promise((resolve) => setTimeout(resolve, 20));
  child.stdin!.end(bytes.subarray(bytes.length >> 1));
  const [code] = await once(child, 'exit');
  t.equal(code, 0);
  const logged = JSON.parse(samples().at(-1)!);
  t.match(logged, {
    type: 'final',
    'tcp.streamsOpened': 1,
    'tcp.streamsClosedIdle': 0,
    'tcp.streamsOpenedMidStream': 0,
  });
  t.match(logged, { 'http.requestsComplete': 200, 'http.responsesComplete': 200, 'http.pairs': 200 });
});

t.test('killed: the HAR file is whole up to its last entry', async (t) => {
  const { child } = await piped('--har', file('kill.har'));
  const bytes = readFileSync(capture);
  child.stdin!.write(bytes);
  const read = () => JSON.parse(readFileSync(file('kill.har'), 'utf8')).log.entries.length;
  for (let tries = 0; tries < 2_000 && read() === 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.ok(read() > 0, 'a document, with what was written before');
});

const mounts = spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
t.test(
  'a disk that fills up: the HAR file is whole up to its last batch',
  { skip: mounts ? false : 'mount namespaces are refused here (unshare -Urm): full disks are NOT tested' },
  async (t) => {
    // Read out before the namespace ends, and its disk with it. Bodies in the clear: 200 entries are 330 KB.
    const script = 'mount -t tmpfs -o size=200k none /mnt && "$@"; echo "code $?" >&2; cat /mnt/full.har';
    const command = [process.execPath, ...nodeArguments, '--read', capture, '--har', '/mnt/full.har'];
    const { stdout, stderr } = spawnSync('unshare', ['-Urm', 'sh', '-c', script, 'sh', ...command], {
      encoding: 'utf8',
    });
    t.match(stderr, /cannot write \/mnt\/full.har \(ENOSPC\)\n {2}the disk is full/);
    t.match(stderr, /code 2/);
    const har = JSON.parse(stdout);
    await validateHar(har);
    t.ok(har.log.entries.length > 10, `${har.log.entries.length} entries`);
    t.ok(har.log.entries.length < 200);
  },
);

t.test('metrics and profiles', async (t) => {
  const { child, logged } = await piped('--observe-listen', '127.0.0.1:0');
  t.teardown(() => child.kill('SIGKILL'));
  const url = /metrics on (http:\/\/127\.0\.0\.1:\d+)\/metrics/.exec(logged() || '')?.[1] ?? (await waitForUrl(logged));
  child.stdin!.write(readFileSync(capture));
  const metrics = await (await fetch(`${url}/metrics`)).text();
  t.match(metrics, /^# TYPE floodgate_process_resident_bytes gauge\nfloodgate_process_resident_bytes \d{7,}$/m);
  t.match(metrics, /^# TYPE floodgate_http_requests_total counter$/m);
  // Whichever comes first.
  const both = await Promise.all(['profile', 'heap'].map((kind) => fetch(`${url}/debug/pprof/${kind}?seconds=5`)));
  t.strictSame(both.map(({ status }) => status).sort(), [200, 503], 'one at a time');
  const cpu = Buffer.from(await (await fetch(`${url}/debug/pprof/profile?seconds=1`)).arrayBuffer());
  t.ok(Profile.decode(gunzipSync(cpu)).sampleType.length === 2);
  for (const seconds of ['0', '-1', '61', 'x', '1e9']) {
    t.equal((await fetch(`${url}/debug/pprof/allocs?seconds=${seconds}`)).status, 400, `${seconds} seconds`);
  }
  t.match(await withHost(new URL(url).port, 'evil.example'), /^HTTP\/1.1 403/, 'no name that others point at us');
  for (const [kind, type] of [
    ['heap', 'inuse_space'],
    ['allocs', 'alloc_space'],
    ['profile', 'cpu'],
  ] as const) {
    const address = `${url}/debug/pprof/${kind}?seconds=0.3`;
    const go = spawn('go', ['tool', 'pprof', '-top', address], {
      env: { ...process.env, HOME: folder, PPROF_TMPDIR: folder },
    });
    let logged = '';
    for (const stream of [go.stdout, go.stderr]) stream.on('data', (chunk) => (logged += chunk));
    const isThere = await new Promise((resolve) =>
      go.on('error', () => resolve(false)).on('close', () => resolve(true)),
    );
    if (isThere) t.match(logged, new RegExp(`^Type: ${type}$`, 'm'));
    else {
      t.comment('SKIPPED: NO go tool pprof HERE (apt-get install golang-go); the profile is only decoded');
      const profile = Buffer.from(await (await fetch(address)).arrayBuffer());
      t.ok(Profile.decode(gunzipSync(profile)).sampleType.length > 0);
    }
  }
});

t.test('a port in use', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const { status, stderr } = run('--read', capture, '--observe-listen', `127.0.0.1:${port}`);
  server.close();
  t.equal(status, 2);
  t.match(stderr, /port is in use/);
});

async function waitForUrl(logged: () => string): Promise<string> {
  for (;;) {
    const url = /metrics on (http:\/\/127\.0\.0\.1:\d+)\/metrics/.exec(logged())?.[1];
    if (url !== undefined) return url;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function withHost(port: string, host: string): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}
