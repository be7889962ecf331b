/** `floodgate push` against a real HTTP server that looks at what it is sent. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { readPprof, writePprof } from '../profile/pprof.ts';
import { ProfileBuilder } from '../profile/profile.ts';
import { sampleProfile, stacksOf } from '../profile/sample-profile-fixture.ts';
import { readSpeedscope, writeSpeedscope } from '../profile/speedscope.ts';

t.setTimeout(120_000);
const program = fileURLToPath(new URL('../../bin/floodgate', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-push-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
/** What shrank cannot be stored. */
const profile = readSpeedscope(writeSpeedscope(sampleProfile()));
writeFileSync(path.join(folder, 'p.pb.gz'), writePprof({ ...profile, timeMs: 1_773_500_966_535, durationMs: 12_500 }));
writeFileSync(path.join(folder, 'untimed.pb.gz'), writePprof({ ...profile, timeMs: 0 }));
writeFileSync(path.join(folder, 'difference.pb.gz'), writePprof(sampleProfile()));

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A store that answers with one status after the other, the last one for ever. */
async function store(t: Test, ...statuses: number[]): Promise<{ port: number; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method, url, headers } = request;
      const status = statuses[Math.min(received.length, statuses.length - 1)]!;
      received.push({ method, url, headers, body });
      response.writeHead(status, { location: '/elsewhere' });
      response.end(status === 200 ? '{}' : `the store says ${status}\n${'x'.repeat(100_000)}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, received };
}

function floodgate(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, env: { ...process.env, ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, out, err })),
  );
}

interface Label {
  readonly name: string;
  readonly value: string;
}
const asObject = (labels: readonly Label[]) => Object.fromEntries(labels.map(({ name, value }) => [name, value]));

t.test('Pyroscope: push.v1, what was sent is the profile', async (t) => {
  const { port, received } = await store(t, 200);
  const url = `http://ann:pass%20word@127.0.0.1:${port}/base/`;
  const { code, out, err } = await floodgate(
    ['push', 'p.pb.gz', url, '--label', 'env=test', '--service', 'my agent', '--header', 'X-Scope-OrgID: team-a'],
    { FLOODGATE_PUSH_HEADERS: 'X-Token: s3cret\nX-Other: two' },
  );
  t.equal(code, 0, err);
  t.match(out, new RegExp(`^pushed 1 profile \\(\\d+ call paths\\) to http://127\\.0\\.0\\.1:${port}/base/\n$`));
  t.notMatch(out + err, /pass|s3cret|ann/);
  t.equal(received.length, 1);
  const [{ method, url: asked, headers, body }] = received as [Received];
  t.equal(method, 'POST');
  t.equal(asked, '/base/push.v1.PusherService/Push');
  t.match(headers, {
    'content-type': 'application/json',
    'connect-protocol-version': '1',
    authorization: `Basic ${Buffer.from('ann:pass word').toString('base64')}`,
    'x-scope-orgid': 'team-a',
    'x-token': 's3cret',
    'x-other': 'two',
  });
  const { series } = JSON.parse(body) as {
    series: [{ labels: Label[]; samples: [{ rawProfile: string; ID: string }] }];
  };
  t.equal(series.length, 1);
  t.same(asObject(series[0].labels), {
    __name__: 'memory',
    service_name: 'my agent',
    file: 'p.pb.gz',
    env: 'test',
  });
  t.match(series[0].samples[0].ID, /^[0-9a-f-]{36}$/);
  const bytes = Buffer.from(series[0].samples[0].rawProfile, 'base64');
  t.same([bytes[0], bytes[1]], [0x1f, 0x8b], 'gzipped');
  const read = readPprof(bytes);
  t.same(stacksOf(read), stacksOf(profile));
  t.same(read.sampleTypes, profile.sampleTypes);
  t.ok(Math.abs(read.timeMs - 1_773_500_966_535) < 1);
  t.equal(read.durationMs, 12_500);
});

t.test('Parca: profiles/writeraw; a profile that says no time is one of now; CPU differs from memory', async (t) => {
  const { port, received } = await store(t, 200);
  const builder = new ProfileBuilder({ sampleTypes: [{ type: 'cpu', unit: 'nanoseconds' }] });
  builder.add(builder.child(0, builder.site('burn', 'a.js', 3)), 0, 1e9);
  writeFileSync(path.join(folder, 'cpu.pb.gz'), writePprof(builder.finish()));
  for (const [file, kind] of [
    ['untimed.pb.gz', 'memory'],
    ['cpu.pb.gz', 'process_cpu'],
  ] as const) {
    const { code, err } = await floodgate(['push', file, `http://127.0.0.1:${port}`, '--protocol', 'parca']);
    t.equal(code, 0, err);
    const { url, headers, body } = received.pop()!;
    t.equal(url, '/api/profiles/writeraw');
    t.notOk(headers.authorization);
    const request = JSON.parse(body) as {
      series: [{ labels: { labels: Label[] }; samples: [{ rawProfile: string }] }];
      normalized: boolean;
    };
    t.same(asObject(request.series[0].labels.labels), { __name__: kind, service_name: 'floodgate', file });
    const read = readPprof(Buffer.from(request.series[0].samples[0].rawProfile, 'base64'));
    t.ok(Math.abs(read.timeMs - Date.now()) < 60_000);
  }
});

t.test('a store that is busy is asked four times, no more; a refusal is final; no redirect is followed', async (t) => {
  const cases: [statuses: number[], attempts: number, code: number, words: RegExp][] = [
    [[503, 429, 200], 3, 0, /^$/],
    [[500], 4, 2, /did not take the profile: 500 .*the store says 500 x+/],
    [[400], 1, 2, /did not take the profile: 400 .*the store says 400/],
    [[302], 1, 2, /did not take the profile: 302/],
  ];
  await Promise.all(
    cases.map(async ([statuses, attempts, wanted, words]) => {
      const { port, received } = await store(t, ...statuses);
      const url = `http://ann:s3cret@127.0.0.1:${port}/?token=s3cret`;
      const { code, out, err } = await floodgate(['push', 'p.pb.gz', url]);
      t.equal(code, wanted, err);
      t.equal(received.length, attempts, `${statuses}`);
      t.match(err, words);
      t.notMatch(out + err, /s3cret|mistake in floodgate/);
      t.ok(err.length < 1_500, 'a long answer is cut');
      t.match(received[0]!.url, /^\/push\.v1\.PusherService\/Push\?token=s3cret$/);
    }),
  );
});

t.test('what cannot be pushed: exit 2, and what to do', async (t) => {
  const { port, received } = await store(t, 200);
  const here = `http://127.0.0.1:${port}`;
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const closedPort = (closed.address() as AddressInfo).port;
  await new Promise((resolve) => closed.close(resolve));
  const cases: [string[], RegExp][] = [
    [['p.pb.gz', 'ftp://ann:s3cret@host/'], /"ftp:\/\/host\/" is no address/],
    [['p.pb.gz', `http://ann:s3cret@127.0.0.1:${closedPort}`], /did not take the profile: .*ECONNREFUSED/],
    [['difference.pb.gz', here], /a difference/],
    [['nothing.pb.gz', here], /cannot read nothing/],
    [['p.pb.gz', here, '--label', 'a-b=1'], /no name of a label/],
    [['p.pb.gz', here, '--label', 'ab'], /NAME=VALUE/],
    [['p.pb.gz', here, '--header', 's3cret'], /not of the form/],
    [['p.pb.gz', here, '--protocol', 'x'], /Allowed choices are pyroscope, parca/],
  ];
  await Promise.all(
    cases.map(async ([args, words]) => {
      const { code, err } = await floodgate(['push', ...args]);
      t.equal(code, 2, `${args}: ${err}`);
      t.match(err, words);
      t.notMatch(err, /s3cret|mistake in floodgate/);
    }),
  );
  t.equal(received.length, 0);
});

t.test(
  'run --push: the profiles of a run with its labels; the report keeps no secret; the verdict stands',
  async (t) => {
    const { port, received } = await store(t, 200);
    const out = path.join(folder, 'run');
    const url = `http://ann:s3cret@127.0.0.1:${port}/?key=s3cret`;
    const args = ['run', 'steady', '--size', '4MB', '--lane', 'exact', '--cpu', '--out', out];
    const first = await floodgate([...args, '--push', url]);
    t.equal(first.code, 0, first.err);
    t.match(first.out, /pushed 2 profiles/);
    t.notMatch(first.out + first.err, /s3cret/);
    for (const name of ['report.json', 'report.html', 'report.md', 'junit.xml'])
      t.notMatch(readFileSync(path.join(out, name), 'utf8'), /s3cret/, name);
    const labels = received.map(({ body }) =>
      asObject((JSON.parse(body) as { series: [{ labels: Label[] }] }).series[0].labels),
    );
    t.same(labels, [
      {
        __name__: 'process_cpu',
        service_name: 'agent',
        scenario: 'steady',
        lane: 'exact',
        kind: 'cpu',
        phase: 'starting',
      },
      {
        __name__: 'process_cpu',
        service_name: 'agent',
        scenario: 'steady',
        lane: 'exact',
        kind: 'cpu',
        phase: 'steady',
      },
    ]);
    const { code, out: again } = await floodgate(['push', out, `http://127.0.0.1:${port}`]);
    t.equal(code, 0);
    t.match(again, /pushed 2 profiles/, 'and once more, later');
    const short = ['run', 'steady', '--size', '1MB', '--lane', 'exact', '--out', out];
    const refused = await floodgate([...short, '--push=http://ann:s3cret@127.0.0.1:1/']);
    t.equal(refused.code, 0, 'the verdict');
    t.match(refused.err, /has no profile to push|did not take the profile/);
    t.notMatch(refused.out + refused.err + readFileSync(path.join(out, 'report.json'), 'utf8'), /s3cret/);
  },
);
