// Several threads on one real device: this file runs itself again inside a user and network namespace of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { isInOwnNamespace, TapFixture, testInOwnNamespace } from '../capture/sys/tap-fixture.ts';
import { counterHelp, gaugeHelp } from '../telemetry/metric-table.ts';
import { buildEthernetFrame, buildIpPacket, buildTcpFrame, buildUdp } from '../wire/packet-builder.ts';

const program = path.join(import.meta.dirname, '..', 'main.ts');
const [SYN, ACK] = [2, 16];

if (isInOwnNamespace) await testInNamespace();
else testOutside();

function testOutside(): void {
  testInOwnNamespace(t, import.meta.url, '--workers');

  t.test('what only one thread can do is refused', async (t) => {
    const cases: [args: string[], message: RegExp][] = [
      [['--read', 'x.pcap'], /--workers and --read do not go together.*live traffic/],
      [['--interface', 'lo', '--har', 'x.har'], /--workers and --har/],
      [['--interface', 'lo', '--upload', 'http://127.0.0.1:1/'], /--workers and --upload/],
      [['--interface', 'lo', '--memory', '50MB'], /2 workers need --memory of 64 MB at least/],
    ];
    for (const [args, message] of cases) {
      const { status, stderr } = spawnSync(process.execPath, [program, '--workers', '2', ...args], {
        encoding: 'utf8',
      });
      t.equal(status, 2, args.join(' '));
      t.match(stderr, message);
    }
    const many = spawnSync(process.execPath, [program, '--workers', '17', '--interface', 'lo'], { encoding: 'utf8' });
    t.match(many.stderr, /16 at most/);
  });
}

interface Running {
  readonly child: ChildProcess;
  logged: () => string;
  /** Resolves when its statistics say so. */
  until: (isSo: (sample: Record<string, number>) => boolean) => Promise<void>;
  end: () => Promise<{ code: number | null; stats: Record<string, number> & { interfaces: object[] } }>;
}

async function start(folder: string, ...args: string[]): Promise<Running> {
  const stats = path.join(folder, 'stats.json');
  const child = spawn(
    process.execPath,
    [program, '--workers', '2', '--stats', stats, '--stats-interval-ms', '20', ...args],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let logged = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    logged += text;
  });
  const exited = once(child, 'exit');
  while (!logged.includes('capturing on') && child.exitCode === null) await sleep(20);
  const end = async () => {
    child.kill('SIGTERM');
    const [code] = await exited;
    return { code, stats: lastLine(stats) };
  };
  const until = async (isSo: (sample: Record<string, number>) => boolean) => {
    for (let tries = 0; tries < 2_000 && !isSo(lastLine(stats)); tries += 1) await sleep(20);
  };
  return { child, logged: () => logged, until, end };
}

/** Of lines, the last that is whole. */
function lastLine(file: string) {
  return JSON.parse(readFileSync(file, 'utf8').split('\n').at(-2) ?? '{}');
}

/** Frames of connection `port`, both directions. */
function connection(port: number) {
  const ends = { client: '10.0.0.1', server: '10.0.0.2' };
  const reached = { client: 1, server: 1 };
  const frame = (from: 'client' | 'server', flags: number, sequence: number, text: string | Uint8Array = '') => {
    reached[from] = Math.max(reached[from], sequence + text.length);
    return buildTcpFrame({
      source: ends[from],
      destination: from === 'client' ? ends.server : ends.client,
      sourcePort: from === 'client' ? port : 80,
      destinationPort: from === 'client' ? 80 : port,
      sequence,
      acknowledgement: reached[from === 'client' ? 'server' : 'client'],
      flags,
      payload: Buffer.from(text as string),
    });
  };
  return { frame, open: () => [frame('client', SYN, 0), frame('server', SYN | ACK, 0)] };
}

async function testInNamespace(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-workers-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  t.setTimeout(300_000);
  const taps = [new TapFixture('tap0'), new TapFixture('tap1')];

  await t.test('messages found are messages sent, on two devices, each connection whole at one thread', async (t) => {
    const messages = path.join(folder, 'messages.jsonl');
    const agent = await start(folder, '--interface', 'tap0', '--interface', 'tap1', '--messages', messages);
    t.match(agent.logged(), /capturing on tap0, tap1 with 2 workers/, agent.logged());
    const connections = 400;
    for (let at = 0; at < connections; at += 1) {
      const { frame, open } = connection(2000 + at);
      const tap = taps[at & 1]!;
      for (const each of open()) tap.write(each);
      tap.write(frame('client', ACK, 1, `GET /${at} HTTP/1.1\r\nHost: a\r\n\r\n`));
      tap.write(frame('server', ACK, 1, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    }
    await agent.until((sample) => sample['http.pairs'] === connections);
    const { code, stats } = await agent.end();
    t.equal(code, 0, agent.logged());
    t.match(stats, {
      'capture.framesReceived': connections * 4,
      'capture.framesDropped': 0,
      'http.requestsComplete': connections,
      'http.responsesComplete': connections,
      'http.pairs': connections,
      'tcp.streamsOpened': connections,
      'output.batchesShed': 0,
    });
    const unknown = Object.keys(stats).filter((name) => !(name in counterHelp) && !(name in gaugeHelp));
    t.same(unknown, ['type', 'tsMs', 'interfaces', 'notDecoded'], 'every counter is known to the metrics');
    t.match(stats.interfaces, [
      { name: 'tap0', received: connections * 2, dropped: 0, droppedShare: 0 },
      { name: 'tap1', received: connections * 2, dropped: 0, droppedShare: 0 },
    ]);
    const lines = readFileSync(messages, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; stream: number; uri: string });
    t.equal(lines.length, connections * 2);
    t.equal(new Set(lines.map(({ uri }) => uri)).size, connections);
    const byStream = Map.groupBy(lines, ({ stream }) => stream);
    t.equal(byStream.size, connections, 'streams of both threads have numbers of their own');
    t.ok([...byStream.values()].every((pair) => pair.length === 2 && pair[0]!.uri === pair[1]!.uri));
    const odd = [...byStream.keys()].filter((stream) => stream % 2 === 1).length;
    t.ok(odd > 100 && odd < 300, `shared ${odd} to ${connections - odd}`);
  });

  await t.test('--print: a line an exchange, from every thread, while it runs', async (t) => {
    const child = spawn(process.execPath, [program, '--workers', '2', '--interface', 'tap0', '--print'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [printed, logged] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      logged += text;
    });
    const exited = once(child, 'exit');
    while (!logged.includes('capturing on') && child.exitCode === null) await sleep(20);
    const connections = 100;
    for (let at = 0; at < connections; at += 1) {
      const { frame, open } = connection(9000 + at);
      for (const each of open()) taps[0]!.write(each);
      taps[0]!.write(frame('client', ACK, 1, `GET /${at} HTTP/1.1\r\nHost: a\r\n\r\n`));
      taps[0]!.write(frame('server', ACK, 1, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    }
    const lines = () => printed.split('\n').slice(0, -1);
    for (let tries = 0; tries < 2_000 && lines().length < connections; tries += 1) await sleep(20);
    t.equal(lines().length, connections, 'before it ends');
    t.ok(lines().every((line) => /^\d\d:\d\d:\d\d\.\d{3} {2}200 {2}GET {2}a\/\d+ {2}2 B, [\d.]+ (µs|ms)$/.test(line)));
    t.equal(new Set(lines().map((line) => /a(\/\d+)/.exec(line)![1])).size, connections);
    child.kill('SIGTERM');
    t.equal((await exited)[0], 0, logged);
  });

  await t.test(
    'tunnels, which the kernel shares by their outer addresses: it says what found no pair, and why',
    async (t) => {
      const agent = await start(folder, '--interface', 'tap0', '--until', 'http');
      const connections = 100;
      let frames = 0;
      for (let at = 0; at < connections; at += 1) {
        const { frame, open } = connection(7000 + at);
        // The outer port of each direction is a hash of what it carries.
        const inTunnel = (from: number, inner: Uint8Array) => {
          const header = Uint8Array.of(8, 0, 0, 0, 0, 0, 5, 0);
          const packet = buildIpPacket('9.9.9.1', '9.9.9.2', 17, buildUdp(from, 4789, Buffer.concat([header, inner])));
          taps[0]!.write(buildEthernetFrame(packet));
          frames += 1;
        };
        const [there, back] = [20_000 + at * 7, 45_000 + at * 11];
        const [syn, synAck] = open();
        inTunnel(there, syn!);
        inTunnel(back, synAck!);
        inTunnel(there, frame('client', ACK, 1, `GET /${at} HTTP/1.1\r\nHost: a\r\n\r\n`));
        inTunnel(back, frame('server', ACK, 1, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
      }
      await agent.until((sample) => sample['tcp.segments'] === frames);
      const { code, stats } = await agent.end();
      t.equal(code, 0);
      t.ok(stats['http.responsesUnasked']! > 10, `${stats['http.responsesUnasked']} went apart`);
      const said = `${stats['http.requestsUnanswered']} of ${connections} requests found no response`;
      t.ok(agent.logged().includes(said), agent.logged());
      t.match(agent.logged(), /in tunnels .* leave --workers out/);
    },
  );

  await t.test('one page budget for both', async (t) => {
    const pages = 512;
    const agent = await start(folder, '--interface', 'tap0', '--pages', `${pages}`, '--until', 'http');
    const payload = new Uint8Array(1400);
    const flows = Array.from({ length: 40 }, (_, at) => connection(5000 + at));
    for (const { open } of flows) for (const each of open()) taps[0]!.write(each);
    // Behind a hole each: five times what there is room for.
    for (let at = 0; at < 90; at += 1) {
      for (const { frame } of flows) taps[0]!.write(frame('client', ACK, 100 + at * payload.length, payload));
      // No more at once than the rings hold.
      const sent = (2 + at + 1) * flows.length;
      if (at % 10 === 0) await agent.until((sample) => sample['tcp.segments']! >= sent);
    }
    await agent.until((sample) => sample['tcp.segments'] === 92 * flows.length);
    const { code, stats } = await agent.end();
    t.equal(code, 0, agent.logged());
    t.equal(stats['tcp.segments'], 92 * flows.length);
    t.equal(stats['tcp.pagesDrawnPeak'], pages, 'all of it was drawn, and no more');
    t.ok(stats['tcp.pagesInUsePeak']! <= pages);
    t.ok(stats['tcp.gapsTotalBudget']! > 0, 'each thread gave its oldest gaps up');
    t.equal(stats['tcp.pagesInUse'], 0);
  });

  await t.test('a device that goes away ends all threads, and says so', async (t) => {
    const tap = new TapFixture('tap9');
    const agent = await start(folder, '--interface', 'tap9');
    const exited = once(agent.child, 'exit');
    tap.close();
    const [code] = await exited;
    t.equal(code, 2);
    t.match(agent.logged(), /tap9 went down or away/);
  });

  await t.test('the ceiling ends all threads with its own code', async (t) => {
    const agent = await start(folder, '--interface', 'tap0', '--memory-ceiling', '50MB');
    if (agent.child.exitCode === null) await once(agent.child, 'exit');
    t.equal(agent.child.exitCode, 4, agent.logged());
    t.match(agent.logged(), /memory ceiling reached/);
  });
  for (const tap of taps) tap.close();
}
