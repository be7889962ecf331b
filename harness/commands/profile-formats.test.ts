/** Every format out and in through the command line, and other people's readers of what comes out. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { profileFormats, readProfile, writeProfile } from '../profile/any-profile.ts';
import { writePprof } from '../profile/pprof.ts';
import { type Profile, ProfileBuilder, sumOf } from '../profile/profile.ts';
import { stacksOf } from '../profile/sample-profile-fixture.ts';

t.setTimeout(120_000);
const program = fileURLToPath(new URL('../../bin/floodgate', import.meta.url));
const dir = mkdtempSync(path.join(tmpdir(), 'floodgate-formats-'));
t.teardown(() => rmSync(dir, { recursive: true, force: true }));
const noGo = spawnSync('go', ['version']).status !== 0 && 'NO GO HERE: `go tool pprof` was not tried on our files';
const endings: Readonly<Record<(typeof profileFormats)[number], string>> = {
  pprof: '.pb.gz',
  speedscope: '.speedscope.json',
  collapsed: '.collapsed.txt',
  heapprofile: '.heapprofile',
};

function floodgate(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: dir, encoding: 'utf8' });
  if (status !== 0) throw new Error(`floodgate ${args.join(' ')}: ${stderr}`);
  return stdout;
}

function goTop(...args: string[]): string {
  const env = { ...process.env, PPROF_TMPDIR: dir, HOME: dir, GOFLAGS: '', GO111MODULE: 'off' };
  const all = ['tool', 'pprof', '-top', '-unit=B', ...args];
  const { status, stdout, stderr } = spawnSync('go', all, { cwd: dir, encoding: 'utf8', env });
  t.equal(status, 0, stderr);
  return stdout;
}

/** main allocates 1,000 by itself, parse below it so many. */
function profileOf(parseBytes: number): Profile {
  const builder = new ProfileBuilder({
    sampleTypes: [{ type: 'alloc_space', unit: 'bytes' }],
    period: 512,
    durationMs: 1_000,
  });
  const main = builder.child(0, builder.site('main', 'agent/main.ts', 12));
  const parse = builder.child(main, builder.site('parse', 'agent/http/parser.ts', 99));
  builder.add(main, 0, 1_000);
  builder.add(parse, 0, parseBytes);
  return builder.finish();
}

t.test('from each format to each, through files', (t) => {
  writeFileSync(path.join(dir, 'start.pb.gz'), writePprof(profileOf(70_000)));
  for (const from of profileFormats) {
    const first = `a${endings[from]}`;
    floodgate('profile', 'start.pb.gz', '--to', from, '-o', first);
    const profile = readProfile(first, readFileSync(path.join(dir, first)));
    for (const to of profileFormats) {
      // Collapsed stacks do not say what they count.
      if (from === 'collapsed' && to === 'heapprofile') continue;
      const read = readProfile(`b${endings[to]}`, Buffer.from(writeProfile(profile, to, 'b')));
      t.same(
        Object.entries(stacksOf(read)),
        [
          ['main agent/main.ts:12', [1_000]],
          ['main agent/main.ts:12 > parse agent/http/parser.ts:99', [70_000]],
        ],
        `${from} → ${to}`,
      );
    }
    floodgate('profile', first, '--to', 'pprof', '-o', `${from}.pb.gz`);
  }
  const refused = spawnSync(process.execPath, [program, 'profile', 'a.collapsed.txt', '--to', 'heapprofile'], {
    cwd: dir,
    encoding: 'utf8',
  });
  t.equal(refused.status, 2);
  t.match(refused.stderr, /cannot be written as heapprofile: a \.heapprofile holds bytes\nIt has samples \(count\)/);
  t.end();
});

t.test('to standard output, which may be a pipe', (t) => {
  t.match(
    floodgate('profile', 'start.pb.gz', '--to', 'collapsed'),
    'main (agent/main.ts:12);parse (agent/http/parser.ts:99) 70000\n',
  );
  t.end();
});

t.test(
  'go tool pprof: -top of every format brought to pprof, and -diff_base says what floodgate diff says',
  { skip: noGo },
  (t) => {
    for (const from of profileFormats) {
      floodgate('profile', `a${endings[from]}`, '--to', 'pprof', '-o', 'go.pb.gz');
      const listed = goTop('go.pb.gz');
      t.match(listed, /70000B 98\.59% .* 70000B 98\.59% +parse/, from);
      t.match(listed, /1000B +1\.41% .* 71000B +100% +main/, from);
    }
    writeFileSync(path.join(dir, 'before.pb.gz'), writePprof(profileOf(20_000)));
    t.match(goTop('-diff_base=before.pb.gz', 'start.pb.gz'), / 50000B +[\d.]+% .*parse/);
    t.match(floodgate('diff', 'before.pb.gz', 'start.pb.gz'), /\+50 kB +agent\/http\/parser\.ts.* parse/);
    t.match(goTop('-diff_base=start.pb.gz', 'before.pb.gz'), /-50000B +[\d.]+% .*parse/);
    t.end();
  },
);

t.test('Chrome DevTools and V8 write what we read: .cpuprofile, .heapprofile, .heapsnapshot of a real process', (t) => {
  // A CPU profile has a line only for what was on the stack at a sample: `turn` asks the clock until samples are certain.
  const program = `const kept = []; function fill() { for (let i = 0; i < 1e3; i++) kept.push({ i, s: 'x' + i }); }
    function turn() { const end = performance.now() + 300; while (performance.now() < end); }
    for (let i = 0; i < 20; i++) fill(); turn(); require('node:v8').writeHeapSnapshot('real.heapsnapshot');`;
  const args = [
    '--cpu-prof',
    '--cpu-prof-name=real.cpuprofile',
    '--heap-prof',
    '--heap-prof-interval=4096',
    '--heap-prof-name=real.heapprofile',
  ];
  const { status, stderr } = spawnSync(process.execPath, [...args, '-e', program], { cwd: dir, encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.match(floodgate('profile', 'real.heapprofile', '--rows', '5'), /fill/);
  t.match(floodgate('profile', 'real.cpuprofile', '--peek', 'turn'), /turn/);
  t.match(
    floodgate('heap', 'real.heapsnapshot', '--rows', '8'),
    /objects, .* references\n(.*\n)*.*2[0-2],\d\d\d +Object\n/,
  );
  // As pprof, for those who have that.
  floodgate('profile', 'real.heapprofile', '--to', 'pprof', '-o', 'real.pb.gz');
  const bytes = sumOf(readProfile('real.pb.gz', readFileSync(path.join(dir, 'real.pb.gz'))), 0);
  t.ok(bytes > 3e5, `${bytes} bytes`);
  t.end();
});
