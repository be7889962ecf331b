/**
 * An agent that is allowed hardly any CPU, on a real device: what it leaves out is counted to the last exchange, what it makes
 * says how many it stands for, and whatever the collecting end does, accounts close. Goes by what the agent says, not by the
 * clock. This file runs itself again inside a user and network namespace of its own.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { isInOwnNamespace, setInterfaceUp, TapFixture, testInOwnNamespace } from '../capture/sys/tap-fixture.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';

const program = path.join(import.meta.dirname, '..', 'main.ts');
const children = new Set<ChildProcess>();
type Stats = Record<string, number>;

function testOutside(): void {
  testInOwnNamespace(t, import.meta.url, 'overload of a live capture');

  t.test('--cpu is a share of a core, and for witnesses of live traffic', async (t) => {
    const run = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
    for (const text of ['0', 'x', '-1', '50', '1e3%', '']) {
      t.match(run('--interface', 'lo', '--witnesses', '/dev/null', `--cpu=${text}`).stderr, /like 50% or 0\.5/, text);
    }
    const refused = run('--read', '/dev/null', '--witnesses', '/dev/null', '--cpu', '50%');
    t.match(refused, { status: 2, stderr: /--cpu is for witnesses of live traffic/ });
  });
}

function start(...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.add(child);
  let logged = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    logged += text;
  });
  return { child, exited: once(child, 'exit'), logged: () => logged };
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 3_000 && !isSo(); tries += 1) await sleep(20);
  if (!isSo()) throw new Error(`waited in vain for ${what}`);
}

/** Of lines, the last that is whole. */
function lastLine(file: string): Stats {
  return JSON.parse((existsSync(file) ? readFileSync(file, 'utf8') : '').split('\n').at(-2) ?? '{}');
}

const words = ['orders', 'baskets', 'prices', 'labels', 'routes', 'photos'];

/** Exchanges over a device, on new connections of `perConnection` exchanges each. */
class Exchanges {
  sent = 0;
  frames = 0;
  readonly #tap: TapFixture;
  #port = 10_000;

  constructor(tap: TapFixture) {
    this.#tap = tap;
  }

  connection(perConnection: number): void {
    this.#port += 1;
    const next = { client: 1, server: 1 };
    const send = (from: 'client' | 'server', flags: number, text = '') => {
      const to = from === 'client' ? 'server' : 'client';
      const ends = { client: ['10.0.0.1', this.#port], server: ['10.0.0.2', 80] } as const;
      this.#tap.write(
        buildTcpFrame({
          source: ends[from][0],
          sourcePort: ends[from][1],
          destination: ends[to][0],
          destinationPort: ends[to][1],
          sequence: next[from] - (flags === 2 || flags === 18 ? 1 : 0),
          acknowledgement: next[to],
          flags,
          payload: Buffer.from(text),
        }),
      );
      next[from] += text.length;
      this.frames += 1;
    };
    send('client', 2);
    send('server', 18);
    for (let i = 0; i < perConnection; i += 1) {
      const word = words[(this.#port + i) % words.length];
      send('client', 24, `GET /${word} HTTP/1.1\r\nHost: api.example\r\n\r\n`);
      send('server', 24, 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}');
      this.sent += 1;
    }
    send('client', 17);
    send('server', 17);
  }
}

async function testInNamespace(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-overload-'));
  const file = (name: string) => path.join(folder, name);
  t.teardown(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  t.setTimeout(120_000);
  setInterfaceUp('lo', true);

  /** Runs an agent until it leaves whole exchanges out and has seen some hundred of them; ends it. */
  async function flood(name: string, url: string, ...more: string[]) {
    const tap = new TapFixture(name);
    const stats = file(`${name}.jsonl`);
    const reading = ['--interface', name, '--stats', stats, '--stats-interval-ms', '20'];
    const sending = ['--upload', url, '--upload-interval-ms', '100', '--upload-timeout-ms', '300'];
    const agent = start(...reading, ...sending, '--cpu', '0.5%', ...more);
    await until('capturing', () => agent.logged().includes('capturing on') || agent.child.exitCode !== null);
    const exchanges = new Exchanges(tap);
    const shed = () =>
      (lastLine(stats)['overload.exchangesSampled'] ?? 0) + (lastLine(stats)['overload.exchangesFraming'] ?? 0);
    let seen = 0;
    for (let round = 0; round < 400 && shed() < 600; round += 1) {
      for (let i = 0; i < 20; i += 1) exchanges.connection(5);
      seen = exchanges.frames;
      // No more at once than the ring holds.
      const taken = () =>
        (lastLine(stats)['capture.framesReceived'] ?? 0) + (lastLine(stats)['capture.framesShed'] ?? 0);
      await until('the frames', () => taken() >= seen);
    }
    agent.child.kill('SIGTERM');
    await agent.exited;
    tap.close();
    return { stats: lastLine(stats), exchanges, logged: agent.logged(), code: agent.child.exitCode };
  }

  /** Every frame and every exchange is somewhere. */
  function assertAccount(t: Test, { stats, exchanges }: Awaited<ReturnType<typeof flood>>): void {
    const of = (name: string) => stats[name] ?? 0;
    const known = of('capture.framesReceived') + of('capture.framesShed') + of('capture.framesDropped');
    // The filters of two sockets change one after the other: what comes between is taken, and counted as left out.
    const twice = known - exchanges.frames;
    t.ok(twice >= 0 && twice <= 14, `${known} of ${exchanges.frames} frames`);
    t.equal(of('capture.framesDropped'), 0);
    const left = of('overload.exchangesSampled') + of('overload.exchangesFraming');
    t.ok(left >= 600, `${left} of ${exchanges.sent} left out`);
    t.equal(of('overload.exchangesWhole'), left, 'each of them seen whole');
    const unseen = exchanges.sent - of('witness.witnesses') - left;
    // A connection that is left out has 14 frames, 5 exchanges.
    t.equal(unseen, ((of('capture.framesShed') - twice) / 14) * 5, 'what is in neither was in connections left out');
    const { witnessesTaken, witnessesSent, witnessesRefused, witnessesShed, spoolWitnesses, openWitnesses } =
      Object.fromEntries(Object.entries(stats).map(([name, value]) => [name.replace('upload.', ''), value])) as Stats;
    t.equal(witnessesTaken, of('witness.witnesses'));
    t.equal(witnessesTaken, witnessesSent! + witnessesRefused! + witnessesShed! + spoolWitnesses! + openWitnesses!);
  }

  await t.test('what is left out is counted, what is made says how many it stands for', async (t) => {
    const store = file('store.sqlite');
    const collect = start('collect', '--listen', '127.0.0.1:0', '--store', store);
    await until('collect', () => /collecting on/.test(collect.logged()));
    const ended = await flood('tap0', /http:\S+/.exec(collect.logged())![0]);
    t.equal(ended.code, 0, ended.logged);
    assertAccount(t, ended);
    t.equal(ended.stats['upload.witnessesRefused'], 0, 'the collector takes every batch');
    t.match(ended.logged, /^cpu: 0\.5 % of a core \(--cpu\)$/m);
    t.match(ended.logged, /^overload: .* \(level \d of 4; ring \d+ % full, \d+ ms behind, CPU \d+ % of a core\)$/m);
    t.match(ended.logged, /^overload: \d+ exchanges .* without a witness/m, 'and at the end');
    collect.child.kill('SIGTERM');
    await collect.exited;
    const database = new DatabaseSync(store, { readOnly: true });
    const row = (sql: string) => database.prepare(sql).get() as Record<string, number>;
    t.match(row('SELECT count(*) AS rows FROM witnesses'), { rows: ended.stats['upload.witnessesSent'] });
    const marks = row('SELECT max(overload_level) AS level, min(overload_share) AS share FROM batches');
    t.ok(marks.level! >= 2 && marks.share! < 1, JSON.stringify(marks));
    t.ok(row('SELECT max(weight) AS most FROM witnesses').most! > 1);
    database.close();
    const counts = spawnSync(process.execPath, [program, 'collect', '--store', store, '--counts', '--json'], {
      encoding: 'utf8',
    }).stdout;
    const lines = counts
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    t.same(lines.map((line) => line.path).sort(), words.map((word) => `/${word}`).sort(), 'every endpoint is there');
    for (const line of lines) t.ok(line.least <= line.count && line.count <= line.most && line.host === 'api.example');
    const list = spawnSync(process.execPath, [program, 'collect', '--store', store, '--counts'], { encoding: 'utf8' });
    t.match(
      list.stdout,
      /ESTIMATE +99 % INTERVAL.*\n(.*GET +api\.example\/\w+\n){6}[\d,]+ witnesses stand for [\d,]+ exchanges of 6 /,
    );
  });

  await t.test('a collecting end that is slow, lies, refuses, breaks off, and is away: accounts close', async (t) => {
    const kept = new Map<string, number>();
    let requests = 0;
    const answers: ((request: IncomingMessage, response: ServerResponse) => void)[] = [
      (_, response) => response.writeHead(200).end('{}'),
      // Slower than it is waited for.
      (_, response) => void setTimeout(() => response.writeHead(200).end(), 600),
      (_, response) => response.writeHead(500).end('no'),
      (_, response) => response.writeHead(200, { 'content-length': 100 }).write('half'),
      (request) => request.socket.destroy(),
      (_, response) => response.writeHead(422).end('never'),
      (_, response) => response.writeHead(200).end('<html>not what was asked</html>'),
      (_, response) => response.writeHead(503, { 'retry-after': '0' }).end(),
    ];
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        const at = requests++ % answers.length;
        if (at === 0 || at === 6) {
          kept.set(String(request.headers['floodgate-batch']), Number(request.headers['floodgate-witnesses']));
          t.match(request.headers['floodgate-overload'], /^level=[0-4];share=[\d.e-]+$/);
        }
        answers[at]!(request, response);
      });
      request.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    mkdirSync(file('spool'), { mode: 0o777 });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/witnesses`;
    const ended = await flood('tap1', url, '--spool', file('spool'), '--spool-max', '3KB', '--upload-drain-ms', '1500');
    server.closeAllConnections();
    server.close();
    assertAccount(t, ended);
    const sent = [...kept.values()].reduce((sum, witnesses) => sum + witnesses, 0);
    t.equal(ended.stats['upload.witnessesSent'], sent, 'what it says to have taken');
    t.ok(requests > 3, `${requests} requests`);
    const { stats } = ended;
    const lost = stats['upload.witnessesShed']! + stats['upload.witnessesRefused']!;
    t.equal(ended.code, lost > 0 ? 5 : 0, ended.logged);
  });
}

if (isInOwnNamespace) await testInNamespace();
else testOutside();
