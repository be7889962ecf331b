/**
 * `floodgate run --cpu --flame --doctor`, as a person uses it.
 * Runs alone: samples of a processor are asked about.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { doctor, findClinic, findDoctorPage } from '../pass/instruments/doctor.ts';
import { drawFlame, findZeroX, flame } from '../pass/instruments/flame.ts';
import { byFunction, top } from '../profile/arithmetic.ts';
import { readCpuProfile } from '../profile/cpu-profile.ts';
import { readPprof } from '../profile/pprof.ts';
import { startChild } from '../target/child-target.ts';
import { nothingLeft, reportIn, run, workplace } from './cli-trial.ts';

t.setTimeout(240_000);
const program = fileURLToPath(new URL('../../bin/floodgate', import.meta.url));
const server = fileURLToPath(new URL('../target/testdata/leaking-server.mjs', import.meta.url));
/** Burns its time in one function, and can be asked to end. */
const burner = `function burn() { const end = performance.now() + 40; let x = 0; while (performance.now() < end) x += Math.sqrt(x + 1); return x; }
setInterval(burn, 50); process.on('SIGINT', () => process.exit(0)); console.log('burning');`;

function found<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}
const zeroX = found(findZeroX);
const clinic = found(findClinic);
const zeroXOnly = zeroX ? {} : { skip: 'NO 0x HERE (npm install --global 0x), so no flame graph was drawn' };
const clinicOnly = clinic
  ? {}
  : { skip: 'NO CLINIC HERE (npm install --global clinic), so no target was started under it' };

t.test('--cpu: a profile of each phase, for DevTools and as pprof, and in words', async (t) => {
  const place = workplace(t);
  const { code, out } = await run(
    ['run', 'steady', '--size', '6MB', '--lane', 'exact', '--cpu', '--out', place.out],
    place.temporary,
  );
  t.equal(code, 0, out);
  t.match(out, /note: CPU in phase steady: [\d.]+ s of [\d.]+ s; .*profiles\/cpu-1-steady\.cpuprofile/);
  const report = reportIn(place.out);
  t.same(
    report.passes.map(({ kind, disturbed }) => [kind, disturbed]),
    [
      ['measure', false],
      ['cpu', true],
    ],
  );
  const folder = path.join(place.out, 'profiles');
  t.same(readdirSync(folder).sort(), [
    'cpu-0-starting.cpuprofile',
    'cpu-0-starting.pb.gz',
    'cpu-1-steady.cpuprofile',
    'cpu-1-steady.pb.gz',
  ]);
  const raw = readCpuProfile(readFileSync(path.join(folder, 'cpu-1-steady.cpuprofile'), 'utf8'));
  t.ok(top(raw, { type: 'cpu' }).some(({ file }) => file.includes('agent/http/')));
  const pprof = readPprof(readFileSync(path.join(folder, 'cpu-1-steady.pb.gz')));
  t.ok(pprof.timeMs > Date.now() - 600_000, 'it says when it was');
  await nothingLeft(t, place);
});

t.test('--cpu on a Node.js server under load: its own function is on top of the load, not of the rest', async (t) => {
  const place = workplace(t);
  const load = 'autocannon -c 10 -d 2 http://127.0.0.1:{port}';
  const short = ['--idle', '0.5s', '--recover', '0.5s', '--cpu', '--out', place.out];
  const { code, out } = await run(['run', '--target', `node ${server}`, '--load', load, ...short], place.temporary);
  t.equal(code, 0, out);
  const cpuOf = (phase: string) => {
    const file = readdirSync(path.join(place.out, 'profiles')).find((name) => name.endsWith(`${phase}.cpuprofile`))!;
    const profile = readCpuProfile(readFileSync(path.join(place.out, 'profiles', file), 'utf8'));
    return top(byFunction(profile), { type: 'cpu', by: 'total' }).find((row) => row.functionName === 'keepRecords');
  };
  t.ok((cpuOf('load')?.total ?? 0) > 50e6, 'more than 50 ms of the load');
  t.notOk(cpuOf('idle'));
  t.notOk(cpuOf('recover'));
  await nothingLeft(t, place);
});

t.test('tools that are not there: exit 2 before anything starts, and the command that installs them', (t) => {
  const place = workplace(t);
  // No PATH and a folder without packages: floodgate itself is started by its full name.
  for (const [option, tool] of [
    ['--flame', '0x'],
    ['--doctor', 'clinic'],
  ] as const) {
    const args = [program, 'run', 'steady', '--lane', 'exact', option, '--out', place.out];
    const { status, stderr } = spawnSync(process.execPath, args, {
      cwd: place.temporary,
      env: { HOME: place.folder, PATH: '/nowhere' },
      encoding: 'utf8',
    });
    t.equal(status, 2, stderr);
    t.match(stderr, new RegExp(`${option} needs ${tool}.*\n.*npm install --global ${tool}`));
    t.notOk(existsSync(place.out));
  }
  const go = ['run', '--target', 'sleep 5', '--cpu', '--out', place.out];
  const { status, stderr } = spawnSync(process.execPath, [program, ...go], { encoding: 'utf8' });
  t.equal(status, 2);
  t.match(stderr, /--cpu is for Node\.js: sleep 5 is not\n.*go tool pprof/);
  t.end();
});

/** A folder with the tick log of a target that was killed while it burned. */
async function killedLog(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const child = spawn(process.execPath, [...flame.start(folder).nodeArguments!, '-e', burner], { stdio: 'ignore' });
  const log = () => readdirSync(folder).find((name) => name.endsWith('-v8.log'));
  // A tick is a line, and each burn is forty of them.
  const ticks = (name: string | undefined) =>
    name ? readFileSync(path.join(folder, name), 'latin1').split('\ntick,').length : 0;
  while (ticks(log()) < 400) await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  return log()!;
}

t.test('a killed target leaves a tick log that V8 can read', async (t) => {
  const { folder } = workplace(t);
  const log = await killedLog(folder);
  const { stdout } = spawnSync(process.execPath, ['--prof-process', path.join(folder, log)], { encoding: 'utf8' });
  t.match(stdout, /\d+ +\d+\.\d% .*JS: .*burn/);
});

t.test('0x draws a killed target', zeroXOnly, async (t) => {
  const { folder } = workplace(t);
  await killedLog(folder);
  const { page, why } = await drawFlame(zeroX!, folder, 'burner <script>');
  t.equal(page, path.join(folder, 'flame.html'), String(why));
  t.match(readFileSync(page!, 'utf8'), /burn/);
  t.same(
    readdirSync(folder).filter((name) => name.includes('-v8')),
    [],
    'logs that were drawn are gone',
  );
  const broken = await drawFlame(zeroX!, path.join(folder, 'tmp'), 'nothing');
  t.match(broken.why, /no stacks or v8 log/, 'the reason is printed');
});

t.test('clinic doctor', clinicOnly, async (t) => {
  const { folder } = workplace(t);
  const target = await startChild({
    name: 'burner',
    command: process.execPath,
    arguments: ['-e', burner],
    ready: /^burning/,
    wrapper: doctor.start(folder).wrapper,
  });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const exit = await target.stop();
  t.match(exit, { code: 0, killed: false });
  t.match(readFileSync(findDoctorPage(folder)!, 'utf8'), /Clinic|clinic/);
});
