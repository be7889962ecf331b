/**
 * Every metric of the table through the command line: a limit that is just met (0), one that is just missed (1), and where
 * it cannot be known (4). Three real runs are judged; each limit is then held against what was measured. Which figures are
 * values, and which lie between two, differs from machine to machine; what is shown here does not.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { PcapWriter } from '../../agent/pcap/pcap-writer.ts';
import { buildTcpFrame } from '../../agent/wire/packet-builder.ts';
import { renderJson } from '../../reports/json.ts';
import type { BudgetResult, Figure } from '../../reports/model.ts';
import { sampleRun } from '../../reports/sample-report.ts';
import { metrics } from '../metrics/table.ts';
import { nothingLeft, reportIn, run, tapOnly, workplace } from './cli-trial.ts';

// A minute and a half on a quiet machine, four beside others.
t.setTimeout(900_000);
const server = fileURLToPath(new URL('../target/testdata/known-figures.mjs', import.meta.url));
/** What was shown so far, for the account at the end. */
const shown = { met: new Set<string>(), missed: new Set<string>(), unknown: new Set<string>() };

type Ends = Pick<Figure, 'name' | 'bound' | 'low' | 'high'>;

/** A value is both of its ends. */
const ends = ({ name, bound, value, low, high }: Figure): Ends => ({
  name,
  bound,
  low: value ?? low,
  high: value ?? high,
});

/** A few at a time: a report is judged in a third of a second, and there are two hundred. */
async function inTurns<T>(all: readonly T[], judge: (one: T) => Promise<void>) {
  const waiting = [...all];
  const turn = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await judge(one);
  };
  await Promise.all([turn(), turn(), turn()]);
}

/**
 * Each limit alone: at the worse end of what was measured, and the least bit beyond the better one.
 * @param kept limits that the run broke, at what they would have to be
 */
async function metAndMissed(t: Test, folder: string, figures: readonly Ends[], kept: Record<string, number> = {}) {
  await inTurns(figures, async ({ name, bound, low, high }) => {
    const judge = async (limit: number) => {
      const limits = Object.entries({ ...kept, [name]: limit });
      const { code, out, err } = await run([
        'report',
        folder,
        ...limits.flatMap(([each, value]) => ['--budget', `${each}=${value}`]),
      ]);
      return { code, printed: out + err };
    };
    const [best, worst] = bound === 'max' ? [low, high] : [high, low];
    if (worst !== null && !shown.met.has(name)) {
      const { code, printed } = await judge(worst);
      t.equal(code, 0, `${name}=${worst} is just met: ${printed}`);
      shown.met.add(name);
    }
    // No limit is below nothing, and none above all.
    if (best === null || shown.missed.has(name) || best === 0 || (bound === 'min' && best === 1)) return;
    const beyond = bound === 'max' ? best * (1 - 1e-9) : best * (1 + 1e-9);
    const { code, printed } = await judge(beyond);
    t.equal(code, 1, `${name}=${beyond} is just missed: ${printed}`);
    shown.missed.add(name);
  });
}

async function unknown(t: Test, folder: string) {
  await inTurns(reportIn(folder).figures, async ({ name, unit, state, note }) => {
    if (state === 'value' || shown.unknown.has(name)) return;
    t.ok(note.length > 10, `${name} says why it is not known: ${note}`);
    const limit = unit === 'share' ? '50%' : '1';
    const { code, out } = await run(['report', folder, '--budget', `${name}=${limit}`]);
    // Between two figures it may still be over, which is the other test's.
    if (code === 1) return;
    t.equal(code, 4, `${name} is not known: ${out}`);
    t.match(out, / UNDECIDED /);
    shown.unknown.add(name);
  });
}

t.test('the agent, through a TAP device', tapOnly, async (t) => {
  const place = workplace(t);
  const limits = ['rss.p99=1GB', 'rss.p999=1GB', 'share:agent/**=100%', 'bytes:agent/**=10GB', 'messages.found=90%'];
  const args = [
    'run',
    'incident',
    '--size',
    '10MB',
    '--agent-until',
    'upload',
    ...limits.flatMap((limit) => ['--budget', limit]),
  ];
  const { code, out, err } = await run([...args, '--out', place.out], place.temporary);
  t.equal(code, 0, out + err);
  const report = reportIn(place.out);
  t.same(
    report.passes.map(({ kind }) => kind),
    ['measure', 'allocations'],
    'a limit on call sites takes the pass that samples them, and no other',
  );
  const sites = report.budgets.filter(({ name }) => name.includes(':'));
  t.equal(sites.length, 2);
  t.ok(
    sites.every(({ actual }) => (actual ?? 0) > 0.5),
    JSON.stringify(sites),
  );
  await metAndMissed(t, place.out, report.figures.map(ends));
  await metAndMissed(
    t,
    place.out,
    sites.map(({ name, bound, actual }: BudgetResult) => ({ name, bound, low: actual, high: actual })),
  );
  await nothingLeft(t, place);
});

t.test('a server under a load', async (t) => {
  const place = workplace(t);
  const load = `node -e "const get = async (path) => (await fetch('http://127.0.0.1:{port}' + path)).arrayBuffer(); for (let i = 0; i < 609; i++) await get(i < 3 ? '/missing' : '/')" --input-type=module; sleep 21`;
  const target = `node --expose-gc ${server}`;
  const args = ['run', '--target', target, '--load', load, '--idle', '1s', '--recover', '1s', '--out', place.out];
  const { code, out, err } = await run([...args, '--budget', 'requests.failed=3'], place.temporary);
  t.equal(code, 0, out + err);
  t.match(out, /3 of 609 answers had another status than 2xx/);
  const report = reportIn(place.out);
  t.match(report.target.runtime, /^Node\.js \d/);
  await metAndMissed(t, place.out, report.figures.map(ends));
  await nothingLeft(t, place);
});

t.test('frames that the device refuses', tapOnly, async (t) => {
  const place = workplace(t);
  const capture = path.join(place.folder, 'long.pcap');
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((bytes, start, end) => pieces.push(bytes.slice(start, end)), { linkType: 1 });
  const to = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 4000, destinationPort: 80, acknowledgement: 1 };
  const request = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const frames = [
    buildTcpFrame({ ...to, sequence: 0, flags: 2 }),
    buildTcpFrame({ ...to, sequence: 1, flags: 0x18, payload: request }),
    // No TCP, which would be cut into segments.
    ...[100, 70_000, 100].map((length) => new Uint8Array(length).fill(0x88, 12, 14)),
  ];
  for (const [number, frame] of frames.entries()) writer.frame(frame, 0, frame.length, frame.length, number * 1_000);
  writer.flush();
  writeFileSync(capture, Buffer.concat(pieces));
  const args = ['run', capture, '--topspeed', '--agent-until', 'http'];
  const refused = await run([...args, '--out', path.join(place.folder, 'refused')], place.temporary);
  t.equal(refused.code, 2, refused.out + refused.err);
  t.match(refused.err, /1 of 5 are not: the first is frame 4 with 70,000/);
  t.match(refused.err, /--filter "less 65535".*--lane exact.*--budget dropped\.frames=1/);
  const without = ['--filter', 'less 65535', '--out', path.join(place.folder, 'without')];
  t.equal((await run([...args, ...without], place.temporary)).code, 0, 'a way out');
  const accepted = ['--budget', 'dropped.frames=1', '--out', place.out];
  const { code, out, err } = await run([...args, ...accepted], place.temporary);
  t.equal(code, 0, out + err);
  t.match(out, /refused 1.*--lane exact/);
  await metAndMissed(t, place.out, reportIn(place.out).figures.map(ends), { 'dropped.frames': 1 });
});

/** A process that has ended, and that its parent has not asked for: it has no memory any more. */
async function zombie(t: Test): Promise<number> {
  const parent = spawn('sh', ['-c', 'sleep 0.1 & exec tail -f /dev/null']);
  t.teardown(() => parent.kill('SIGKILL'));
  for (;;) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (state === 'Z' && Number(ppid) === parent.pid) return Number(pid);
      } catch {
        // Gone meanwhile.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

t.test('where it cannot be known', async (t) => {
  const limits = ['rss.max=1GB', 'rss.p999=1GB', 'heap.afterGc=1kB', 'dropped.frames=0', 'share:agent/**=50%'];
  const short = [
    '--duration',
    '0.3s',
    '--idle',
    '0s',
    '--recover',
    '0s',
    ...limits.flatMap((each) => ['--budget', each]),
  ];
  const ended = workplace(t);
  const none = await run(['run', '--target', `pid:${await zombie(t)}`, ...short, '--out', ended.out], ended.temporary);
  t.equal(none.code, 4, none.out + none.err);
  t.same(
    reportIn(ended.out).budgets.map(({ state }) => state),
    limits.map(() => 'notMeasured'),
  );
  await unknown(t, ended.out);
  const place = workplace(t);
  const child = spawn('tail', ['-f', '/dev/null']);
  t.teardown(() => child.kill('SIGKILL'));
  const { code, out, err } = await run(
    ['run', '--target', `pid:${child.pid}`, ...short, '--out', place.out],
    place.temporary,
  );
  t.equal(code, 4, out + err);
  t.match(out, / UNDECIDED .*heap\.afterGc was not measured/);
  await unknown(t, place.out);
});

/**
 * Figures of runs that are not made here: of overload, of recorded requests, of what an agent missed. A report in which they have values
 * is judged as any other. That such runs have them is judged in overload.test.ts of agent/commands/, test/project.test.ts, and
 * delivery.test.ts and account.test.ts of harness/metrics/.
 */
t.test('a report with a value for every metric', async (t) => {
  const place = workplace(t);
  const figures = metrics.map(({ name, unit, bound }): Figure => {
    const value = unit === 'share' ? 0.5 : 10;
    return { name, unit, bound, state: 'value', value, low: null, high: null, note: '' };
  });
  const run = { ...sampleRun({ samples: 10 }), figures, budgets: [] };
  mkdirSync(place.out);
  writeFileSync(path.join(place.out, 'report.json'), renderJson(run));
  await metAndMissed(t, place.out, figures.map(ends));
});

t.test('all of the table was shown', async (t) => {
  const names = metrics.map(({ name }) => name);
  const missing = (set: ReadonlySet<string>) => names.filter((name) => !set.has(name));
  t.same(missing(shown.met), []);
  t.same(missing(shown.missed), []);
  t.same(missing(shown.unknown), []);
});
