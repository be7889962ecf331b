import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import v8 from 'node:v8';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { top } from './arithmetic.ts';
import { fileOfUrl, lastOrdinal, readHeapProfile, writeHeapProfile } from './heap-profile.ts';
import { readPprof, writePprof } from './pprof.ts';
import { type Profile, ProfileBuilder, ProfileError, stackOf, sumOf } from './profile.ts';

/** The one thing every format's test compares: each stack as text with its values. */
export function stacksOf(profile: Profile, types = profile.sampleTypes.map((_, i) => i)): Record<string, number[]> {
  const stacks: Record<string, number[]> = {};
  const { functionName, file, line } = profile.sites;
  for (let node = 1; node < profile.parent.length; node += 1) {
    const values = types.map((type) => Math.round(profile.self[type]![node]!));
    if (values.every((value) => value === 0)) continue;
    const key = stackOf(profile, node).map((site) => `${functionName[site]} ${file[site]}:${line[site]}`);
    stacks[key.join(' > ')] = values;
  }
  return stacks;
}

const hostile = '</script><img src=x onerror=alert(1)>\u2028"\\;';

/** Two sample types, shared prefixes, recursion, an anonymous function, a hostile name, a negative value. */
export function sampleProfile(): Profile {
  const builder = new ProfileBuilder({
    sampleTypes: [
      { type: 'alloc_objects', unit: 'count' },
      { type: 'alloc_space', unit: 'bytes' },
    ],
    period: 65_536,
    timeMs: 1_773_500_966_535,
    durationMs: 12_500,
  });
  const main = builder.child(0, builder.site('main', 'agent/main.ts', 12, 3));
  const parse = builder.child(main, builder.site('parse', 'agent/http/parser.ts', 99, 7));
  const again = builder.child(parse, builder.site('parse', 'agent/http/parser.ts', 99, 7));
  const odd = builder.child(again, builder.site(hostile, `agent/${hostile}.ts`, 1));
  const big = builder.child(main, builder.site('ünïcode → λ', 'agent/b.ts', 4_000_000));
  for (const [node, count, bytes] of [
    [main, 1, 100],
    [parse, 20, 300],
    [again, 3, 12_345_678_901],
    [odd, 7, 70],
    [big, 0, -4096],
  ] as const) {
    builder.add(node, 0, count);
    builder.add(node, 1, bytes);
  }
  return builder.finish();
}

t.test('pprof keeps everything', async (t) => {
  const read = readPprof(writePprof(sampleProfile()));
  t.same(stacksOf(read), stacksOf(sampleProfile()));
  t.same(read.sampleTypes, sampleProfile().sampleTypes);
  t.match(read, { period: 65_536, durationMs: 12_500, periodType: { type: 'space', unit: 'bytes' } });
  t.ok(Math.abs(read.timeMs - 1_773_500_966_535) < 1);
});

t.test('a .heapprofile keeps the bytes', async (t) => {
  const read = readHeapProfile(writeHeapProfile(sampleProfile()), { sampleType: 'alloc_space' });
  t.same(stacksOf(read), stacksOf(sampleProfile(), [1]));
});

t.test('what v8.startHeapProfile writes is read, and an interval by its ordinals', async (t) => {
  const profiler = v8.startHeapProfile({
    sampleInterval: 8_192,
    stackDepth: 64,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  const kept: unknown[] = [];
  const allocateLists = () => {
    for (let i = 0; i < 2_000; i += 1) kept.push(new Array(256).fill(i));
  };
  allocateLists();
  const json = profiler.stop();
  const profile = readHeapProfile(json, { sampleIntervalBytes: 8_192, root: process.cwd() });
  const site = top(profile).find((row) => row.functionName === 'allocateLists');
  t.equal(site?.file, 'harness/profile/formats.test.ts');
  t.ok(Math.abs(site!.total / (2_000 * 256 * 8) - 1) < 0.3, `${site?.total} bytes`);
  const last = lastOrdinal(json);
  t.ok(last > 0);
  t.equal(sumOf(readHeapProfile(json, { afterOrdinal: last }), 0), 0);
  const half = sumOf(readHeapProfile(json, { afterOrdinal: Math.floor(last / 2) }), 0);
  t.ok(half > 0.1 * sumOf(profile, 0) && half < 0.9 * sumOf(profile, 0), `${half} of ${sumOf(profile, 0)}`);
});

const noGo = spawnSync('go', ['version']).status !== 0 && 'NO GO HERE: `go tool pprof` was not tried on our files';

t.test('go tool pprof reads what we write', { skip: noGo }, async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'floodgate-pprof-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'p.pb.gz');
  writeFileSync(file, writePprof(sampleProfile()));
  const env = { ...process.env, PPROF_TMPDIR: dir, HOME: dir, GOFLAGS: '', GO111MODULE: 'off' };
  const go = (...args: string[]) => spawnSync('go', ['tool', 'pprof', ...args, file], { encoding: 'utf8', env });
  const listed = go('-top', '-sample_index=alloc_space', '-unit=B', '-lines');
  t.equal(listed.status, 0, listed.stderr);
  t.match(listed.stdout, /Duration: 12\.50s/);
  t.match(listed.stdout, /12345679201B.*parse agent\/http\/parser\.ts:99/);
  t.match(listed.stdout, /main agent\/main\.ts:12/);
  t.equal(go('-top', '-sample_index=alloc_objects').status, 0);
});

t.test('what is no profile is refused with what is wrong', async (t) => {
  const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024));
  const good = writePprof(sampleProfile());
  const cases: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(), /empty/],
    ['text', Buffer.from('hello world, this is text'), /not a pprof/],
    ['half a file', good.subarray(0, good.length / 2), /does not decompress/],
    ['a gzip bomb', bomb, /does not decompress/],
    ['a number without an end', Buffer.concat([Buffer.from([0x48]), Buffer.alloc(100_000, 0xff)]), /unfinished number/],
    [
      'the same packed',
      Buffer.concat([Buffer.from([0x12, 0x82, 0x01, 0x0a, 0x7f]), Buffer.alloc(127, 0xff)]),
      /unfinished|past its end/,
    ],
    ['a length past the end', Buffer.from([0x0a, 0x7f, 0x00]), /runs past its end/],
    ['no sample type', Buffer.from([0x48, 0x01]), /no sample type/],
  ];
  for (const [name, bytes, message] of cases) t.throws(() => readPprof(bytes), { name: 'ProfileError', message }, name);
  t.throws(() => readHeapProfile('{"head":{}}'), { name: 'ProfileError', message: /selfSize is not a number/ });
  t.throws(() => readHeapProfile('[1'), { message: /is not JSON/ });
  t.throws(() => readHeapProfile('[]'), { message: /not an object/ });
});

t.test('a heap profile nested a hundred thousand deep is cut, not a crash', async (t) => {
  const frame = '"callFrame":{"functionName":"f","url":"","lineNumber":0,"columnNumber":0},"selfSize":1,"id":1';
  const json = `{"head":${`{${frame},"children":[`.repeat(100_000)}${']}'.repeat(100_000)},"samples":[]}`;
  const profile = readHeapProfile(json);
  t.equal(sumOf(profile, 0), 100_000);
  t.ok(profile.parent.length <= 1_025);
});

t.test('flipped bytes never do more than raise a ProfileError', async () => {
  const plain = Buffer.from(writePprof(sampleProfile()));
  const raw = (await import('node:zlib')).gunzipSync(plain);
  for (let i = 0; i < raw.length; i += 1) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const bytes = Buffer.from(raw);
      bytes[i]! ^= flip;
      try {
        readPprof(bytes);
      } catch (error) {
        if (!(error instanceof ProfileError)) throw error;
      }
    }
  }
});

t.test('file URLs become paths', async (t) => {
  t.equal(fileOfUrl('file:///a/b%20c/d.ts', '/a'), 'b c/d.ts');
  t.equal(fileOfUrl('file:///a/%zz', '/a'), '%zz');
  t.equal(fileOfUrl('node:fs', '/a'), 'node:fs');
  t.equal(fileOfUrl('/ab/c.ts', '/a'), '/ab/c.ts');
});
