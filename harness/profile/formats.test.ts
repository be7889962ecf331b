import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import v8 from 'node:v8';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { top } from './arithmetic.ts';
import { readCollapsed, writeCollapsed } from './collapsed.ts';
import { readCpuProfile } from './cpu-profile.ts';
import { fileOfUrl, readHeapProfile, writeHeapProfile } from './heap-profile.ts';
import { readPprof, writePprof } from './pprof.ts';
import { ProfileBuilder, ProfileError, sumOf } from './profile.ts';
import { sampleProfile, stacksOf } from './sample-profile-fixture.ts';
import { applySourceMaps } from './source-maps.ts';
import { readSpeedscope, writeSpeedscope } from './speedscope.ts';

t.test('pprof keeps everything', async (t) => {
  const read = readPprof(writePprof(sampleProfile()));
  t.same(stacksOf(read), stacksOf(sampleProfile()));
  t.same(read.sampleTypes, sampleProfile().sampleTypes);
  t.match(read, { period: 65_536, durationMs: 12_500, periodType: { type: 'space', unit: 'bytes' } });
  t.ok(Math.abs(read.timeMs - 1_773_500_966_535) < 1);
});

t.test('a kernel’s function has the place that its name says', async (t) => {
  const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 0, columnNumber: 683 });
  const nodes = [
    { id: 1, callFrame: frame('(root)', ''), children: [2, 3, 4] },
    { id: 2, callFrame: frame('parseHead (agent/kernels/assembly/head/head.ts:152)', 'wasm://wasm/18b04a36') },
    { id: 3, callFrame: frame('wasm-function[3]', 'wasm://wasm/18b04a36') },
    { id: 4, callFrame: frame('get (a.ts:3)', 'file:///x.js') },
  ];
  const json = JSON.stringify({ nodes, startTime: 0, endTime: 9, samples: [2, 3, 4], timeDeltas: [3, 3, 3] });
  t.same(Object.keys(stacksOf(readCpuProfile(json))).sort(), [
    'get (a.ts:3) /x.js:1',
    'parseHead agent/kernels/assembly/head/head.ts:152',
    'wasm-function[3] wasm://wasm/18b04a36:1',
  ]);
});

t.test('a .heapprofile keeps the bytes', async (t) => {
  const read = readHeapProfile(writeHeapProfile(sampleProfile()), { sampleType: 'alloc_space' });
  t.same(stacksOf(read), stacksOf(sampleProfile(), [1]));
});

/** Without what shrank, which formats of widths cannot hold. */
function grown(stacks: Record<string, number[]>): Record<string, number[]> {
  return Object.fromEntries(Object.entries(stacks).filter(([, values]) => values.every((value) => value >= 0)));
}

t.test('speedscope keeps all that grew', async (t) => {
  const read = readSpeedscope(writeSpeedscope(sampleProfile()));
  t.same(stacksOf(read), grown(stacksOf(sampleProfile())));
  t.same(read.sampleTypes, sampleProfile().sampleTypes);
});

t.test('evented speedscope files are read too', async (t) => {
  const events = [
    { type: 'O', frame: 0, at: 10 },
    { type: 'O', frame: 1, at: 12 },
    { type: 'C', frame: 1, at: 17 },
    { type: 'C', frame: 0, at: 20 },
  ];
  const file = (list: unknown) =>
    JSON.stringify({
      shared: { frames: [{ name: 'a' }, { name: 'b' }] },
      profiles: [{ type: 'evented', unit: 'none', name: 'x', startValue: 0, events: list }],
    });
  t.same(stacksOf(readSpeedscope(file(events))), { 'a :0': [5], 'a :0 > b :0': [5] });
  t.throws(() => readSpeedscope(file([events[0], events[3], events[1]])), /backwards/);
  t.throws(() => readSpeedscope(file([events[0], events[2]])), /innermost/);
  t.throws(() => readSpeedscope(file([{ type: 'O', frame: 7, at: 1 }])), /no frame 7/);
});

t.test('collapsed stacks keep one sample type, names made safe', async (t) => {
  const text = writeCollapsed(sampleProfile(), 'alloc_space');
  t.match(text, 'main (agent/main.ts:12);parse (agent/http/parser.ts:99) 300\n');
  t.match(text, 'ünïcode → λ (agent/b.ts:4000000) -4096\n');
  t.equal(text.split('\n').length, 6, 'a line a stack, whatever the names hold');
  t.equal(writeCollapsed(readCollapsed(text)), text);
  t.throws(() => readCollapsed('a;b 1\nnonsense'), /line 2 does not end/);
});

t.test('a CPU profile is samples and time, without the idle', async (t) => {
  const frame = (functionName: string, lineNumber: number) => ({
    functionName,
    scriptId: '1',
    url: 'file:///p/a.js',
    lineNumber,
    columnNumber: 0,
  });
  const profile = {
    startTime: 1_000,
    endTime: 5_000,
    nodes: [
      { id: 1, callFrame: frame('(root)', -1), children: [2, 4] },
      { id: 2, callFrame: frame('main', 4), children: [3] },
      { id: 3, callFrame: frame('leaf', 9), children: [2] },
      { id: 4, callFrame: frame('(idle)', -1) },
    ],
    samples: [2, 3, 4, 3],
    timeDeltas: [0, 1_000, 2_000, 500],
  };
  const read = readCpuProfile(JSON.stringify(profile), { root: '/p' });
  t.same(stacksOf(read), { 'main a.js:5': [1, 1_000_000], 'main a.js:5 > leaf a.js:10': [2, 2_500_000] });
  t.throws(() => readCpuProfile(JSON.stringify({ ...profile, samples: [9, 9, 9, 9] })), /does not exist/);
  t.throws(() => readCpuProfile(JSON.stringify({ ...profile, samples: [2] })), /as many samples/);
});

t.test('source maps lead back to the sources; broken ones do nothing', async (t) => {
  const builder = new ProfileBuilder({ sampleTypes: [{ type: 'alloc_space', unit: 'bytes' }] });
  builder.add(builder.child(0, builder.site('t', 'dist/app.js', 1, 1)), 0, 7);
  // One segment: line 1, column 0 of the built file is line 3, column 4 of the source, named `total`.
  const map = { version: 3, names: ['total'], sources: ['../src/app.ts'], mappings: 'AAEIA' };
  const asked: string[] = [];
  const load = (file: string) => {
    asked.push(file);
    return { json: JSON.stringify(map), folder: 'dist' };
  };
  t.same(stacksOf(applySourceMaps(builder.finish(), load)), { 'total src/app.ts:3': [7] });
  t.same(asked, ['dist/app.js']);
  for (const broken of [null, '{', '{}', '{"version":3,"sources":[],"mappings":"%%%"}']) {
    const load = () => (broken === null ? null : { json: broken, folder: 'dist' });
    t.same(stacksOf(applySourceMaps(builder.finish(), load)), { 't dist/app.js:1': [7] });
  }
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
  // Thirty members of ten megabytes of nothing: what one of them takes to make.
  const member = gzipSync(Buffer.alloc(10 * 1024 * 1024));
  const bomb = Buffer.concat(Array.from({ length: 30 }, () => member));
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
