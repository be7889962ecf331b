import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import type { RunReport } from '../../reports/model.ts';
import { sampleRun } from '../../reports/sample-report.ts';
import { judgeAgain } from '../report/judge-again.ts';
import { baselinesOf } from './accept.ts';
import { definitionOf } from './definition.ts';
import { judgeByLedger } from './judge-by-ledger.ts';
import { type Baseline, type Ledger, ledgerName, putEntries, readLedger } from './ledger.ts';
import { machineClass } from './machine-class.ts';

const folder = '/srv/shop';
const run = sampleRun();
const scenario = run.scenario.name;
const thresholds = new Map([['cpu.seconds', 0.05]]);
const allowed = { thresholds, limits: {} };
const definition = definitionOf(run, folder);
const question = { scenario, thresholds, definition, today: '2026-11-29' };
const acceptance = { reason: 'first', by: 'anna', today: '2026-11-29', until: undefined, raise: false, folder };
const none: Ledger = { baselines: [], waivers: [] };
const accepted = baselinesOf(run, none, allowed, acceptance);
const ledgerOf = (baseline: Partial<Baseline>, waivers: Ledger['waivers'] = []): Ledger => ({
  baselines: [{ ...accepted[0]!, ...baseline }],
  waivers,
});
const rowOf = (report: RunReport, name: string) => report.budgets.find((row) => row.name === name);

t.test('a figure is held against the baseline of its machine, and the verdict follows', async (t) => {
  t.match(accepted, [{ scenario, metric: 'cpu.seconds', value: 4.21, machine: machineClass(run), by: 'anna' }]);
  const same = judgeByLedger(run, ledgerOf({}), question);
  t.match(rowOf(same, 'cpu.seconds'), { state: 'pass', note: /^baseline 4\.21 s of 2026-11-29, \+5 %$/ });
  t.equal(same.verdict.exitCode, 0);
  t.match(judgeByLedger(run, ledgerOf({ value: 4.21 / 1.05 }), question).verdict, { exitCode: 0 }, 'at its limit');
  const worse = judgeByLedger(run, ledgerOf({ value: 4 }), question);
  t.match(worse.verdict, { ok: false, exitCode: 1, headline: /^cpu\.seconds is 4\.21 s, at most 4\.2 s is allowed/ });
  t.same(judgeByLedger(run, none, question).budgets, run.budgets, 'without a baseline nothing is added');
});

t.test('what a baseline cannot be compared with is no pass', async (t) => {
  const cases: [Partial<Baseline>, RegExp][] = [
    [{ machine: 'linux arm64, another' }, /baseline of this machine is missing; there is one of linux arm64/],
    [{ until: '2026-11-28' }, /it was accepted until 2026-11-28/],
    [{ definition: '0123456789abcdef' }, /the scenario is another one since/],
  ];
  for (const [baseline, why] of cases) {
    const judged = judgeByLedger(run, ledgerOf(baseline), question);
    t.match(rowOf(judged, 'cpu.seconds'), { state: 'notMeasured', note: why });
    t.equal(judged.verdict.exitCode, 4);
  }
  t.equal(judgeByLedger(run, ledgerOf({ until: '2026-11-29' }), question).verdict.exitCode, 0, 'its last day counts');
  const silent = { ...run, figures: run.figures.filter(({ name }) => name !== 'cpu.seconds') };
  t.equal(judgeByLedger(silent, ledgerOf({}), question).verdict.exitCode, 4);
});

t.test('a baseline whose threshold is gone is reported', async (t) => {
  const judged = judgeByLedger(run, ledgerOf({}), { ...question, thresholds: new Map([['rss.max', 0.1]]) });
  t.match(judged.notes.at(-1), { severity: 'warning', text: /the baseline of cpu\.seconds is held against nothing/ });
  t.same(judgeByLedger(run, ledgerOf({}), question).notes, run.notes);
});

t.test('a waiver lets its limit be broken, says so, and ends', async (t) => {
  const over = judgeAgain(run, { 'cpu.seconds': 1 }) as RunReport;
  const waiver = { scenario, metric: 'cpu.seconds', reason: 'PERF-214', owner: 'anna', until: '2026-11-29' };
  const waived = judgeByLedger(over, { baselines: [], waivers: [waiver] }, question);
  t.match(rowOf(waived, 'cpu.seconds'), { state: 'waived', ok: true, note: /until 2026-11-29 by anna: PERF-214/ });
  t.match(waived.verdict, { ok: true, exitCode: 0, headline: /Over budget and waived: cpu\.seconds is 4\.21 s.*anna/ });
  const both = judgeByLedger(
    judgeAgain(run, { 'cpu.seconds': 1, 'rss.p99': 1 }) as RunReport,
    { baselines: [], waivers: [waiver] },
    question,
  );
  t.match(
    both.verdict,
    { exitCode: 1, headline: /^rss\.p99 is .* Over budget and waived: cpu\.seconds is .*anna/s },
    'used, and said',
  );
  const ended = judgeByLedger(over, { baselines: [], waivers: [{ ...waiver, until: '2026-11-28' }] }, question);
  t.match(ended.verdict, { exitCode: 1 });
  t.match(ended.notes.at(-1), { severity: 'warning', text: /the waiver of cpu\.seconds ended on 2026-11-28 \(anna\)/ });
  for (const other of [{ scenario: 'another' }, { metric: 'rss.p99' }]) {
    const judged = judgeByLedger(over, { baselines: [], waivers: [{ ...waiver, ...other }] }, question);
    t.equal(judged.verdict.exitCode, 1, JSON.stringify(other));
  }
  t.match(judgeByLedger(run, { baselines: [], waivers: [waiver] }, question).notes.at(-1), { text: /is not needed/ });
  const unknown = judgeAgain(run, { 'gc.pauseP99': 5 }) as RunReport;
  const hidden = { ...waiver, metric: 'gc.pauseP99' };
  t.equal(
    judgeByLedger(unknown, { baselines: [], waivers: [hidden] }, question).verdict.exitCode,
    4,
    'what was not measured cannot be waived',
  );
  // A limit of another figure was broken as well: its waiver is about that figure alone.
  for (const fault of [
    { exitCode: 3, headline: 'Interrupted.' },
    { exitCode: 1, headline: 'The target died under the traffic (signal SIGKILL).' },
    { exitCode: 1, headline: 'The target hung: it had to be killed after SIGTERM.' },
    { exitCode: 4, headline: 'None of 200 answers had a status of 2xx.' },
  ]) {
    const judged = judgeByLedger({ ...over, fault }, { baselines: [], waivers: [waiver] }, question);
    t.match(rowOf(judged, 'cpu.seconds'), { state: 'waived' });
    t.same(judged.verdict, { ok: false, ...fault });
  }
});

t.test('a regressed run becomes no baseline', async (t) => {
  const grown = ledgerOf({ value: 4 });
  t.throws(() => baselinesOf(run, grown, allowed, acceptance), { message: /beyond the threshold of its baseline/ });
  t.match(baselinesOf(run, grown, allowed, { ...acceptance, raise: true }), [{ value: 4.21 }]);
  // The gate's own report has the broken row of the baseline in it.
  const judged = judgeByLedger(run, grown, question);
  t.match(baselinesOf(judged, grown, allowed, { ...acceptance, raise: true }), [{ value: 4.21 }]);
  const over = judgeAgain(run, { 'rss.max': 1 }) as RunReport;
  const refused = { message: /rss\.max is not within budget/ };
  t.throws(() => baselinesOf(over, none, allowed, { ...acceptance, raise: true }), refused);
  const waiver = { scenario, metric: 'rss.p99', reason: 'r', owner: 'anna', until: '2026-12-31' };
  const broken = judgeAgain(run, { 'rss.p99': 1 }) as RunReport;
  const waived = judgeByLedger(broken, { baselines: [], waivers: [waiver] }, question);
  t.equal(waived.verdict.exitCode, 0);
  t.throws(
    () => baselinesOf(waived, none, allowed, acceptance),
    { message: /rss\.p99 is not within budget/ },
    'a waiver makes no run one within budget',
  );
  // Its own limits were typed wider than the project's.
  for (const [limits, why] of [
    [{ 'cpu.seconds': 1 }, /cpu\.seconds is 4\.21 s, and the configuration allows at most 1 s/],
    [{ 'gc.pauseP99': 1 }, /gc\.pauseP99 is not measured/],
  ] as const) {
    t.throws(() => baselinesOf(run, none, { thresholds, limits }, { ...acceptance, raise: true }), { message: why });
  }
  const fault = { exitCode: 1, headline: 'The target hung.' };
  t.throws(() => baselinesOf({ ...run, fault }, none, allowed, acceptance), { message: /The target hung\./ });
  const dead = judgeByLedger({ ...run, fault }, grown, question);
  t.throws(() => baselinesOf(dead, grown, allowed, { ...acceptance, raise: true }), {
    message: /The target hung\./,
  });
  t.throws(() => baselinesOf(run, none, { ...allowed, thresholds: new Map([['gc.pauseP99', 0.1]]) }, acceptance), {
    message: /was not measured/,
  });
});

t.test('the same scenario in another checkout, with other limits, is the same', async (t) => {
  const command = `floodgate run ${folder}/a.pcap --load 'x --budget y' --budget rss.max=1MB --out ${folder}/runs/1`;
  const definition = definitionOf({ command }, folder);
  const elsewhere = "floodgate run /ci/a.pcap --load 'x --budget y' --out /tmp/o --budget rss.max=2MB";
  t.equal(definitionOf({ command: elsewhere }, '/ci'), definition);
  t.not(definitionOf({ command: elsewhere.replace('y', 'z') }, '/ci'), definition);
});

t.test('the file: comments stay, an entry takes the place of its like, what is wrong is named', async (t) => {
  const folder = t.testdir();
  const file = path.join(folder, ledgerName);
  t.same(readLedger(folder), none);
  putEntries(folder, 'baselines', () => accepted);
  writeFileSync(file, readFileSync(file, 'utf8').replace('baselines:', '# read this first\nbaselines:'));
  putEntries(folder, 'baselines', () => [{ ...accepted[0]!, value: 5 }]);
  putEntries(folder, 'baselines', () => [{ ...accepted[0]!, machine: 'another' }]);
  t.match(readLedger(folder).baselines, [{ value: 5 }, { machine: 'another' }]);
  t.match(readFileSync(file, 'utf8'), '# read this first');
  for (const [text, why] of [
    ['baselines: [{ scenario: a }]', /baselines\.0\.metric/],
    ['waivers: [{ scenario: a, metric: rss.p98, reason: r, owner: o, until: 2026-12-31 }]', /no such metric/],
    ['waivers: [{ scenario: a, metric: rss.p99, reason: r, owner: o, until: 2026-02-30 }]', /there is no such day/],
    ['waivers: [{ scenario: a, metric: rss.p99, reason: r, until: 2026-02-03 }]', /waivers\.0\.owner/],
    // Two hands, or a merge: which of them counts?
    [
      stringify({ baselines: [accepted[0], { ...accepted[0], value: 9 }] }),
      /baselines\.1: a second one of cpu\.seconds/,
    ],
    [
      'waivers: [{ scenario: a, metric: rss.p99, reason: r, owner: o, until: 2026-12-31 }, { scenario: a, metric: rss.p99, reason: s, owner: p, until: 2027-12-31 }]',
      /waivers\.1: a second one of rss\.p99 of "a"/,
    ],
    ['waivres: []', /waivres: there is no such name/],
    ['a: &a [x]\nb: *a', /ledger|alias/i],
    ['- 1', /ledger/],
    ['baselines: {', /./],
    [`#${'x'.repeat(5 << 20)}`, /larger than 4 MiB/],
  ] as const) {
    writeFileSync(file, text);
    t.throws(() => readLedger(folder), { code: 'ledger-invalid', message: why }, text.slice(0, 80));
    const before = readFileSync(file, 'utf8');
    t.throws(() => putEntries(folder, 'waivers', () => []), text.slice(0, 80));
    t.equal(readFileSync(file, 'utf8'), before, 'and is left as it is');
  }
  rmSync(file);
  mkdirSync(file);
  t.throws(() => readLedger(folder), { code: 'ledger-invalid', message: /it is a folder/ });
  rmSync(file, { recursive: true });
  symlinkSync('shared.yaml', file);
  const nowhere = { code: 'ledger-invalid', message: /a link to shared\.yaml, which is not there/ };
  t.throws(() => readLedger(folder), nowhere, 'is not one without entries');
  t.throws(() => putEntries(folder, 'baselines', () => accepted), nowhere);
  writeFileSync(path.join(folder, 'shared.yaml'), '');
  // Of a writer that was killed.
  writeFileSync(path.join(folder, 'shared.yaml.tmp'), 'base');
  putEntries(folder, 'baselines', () => [{ ...accepted[0]!, value: 7 }]);
  t.ok(lstatSync(file).isSymbolicLink(), 'one that leads to a ledger stays');
  t.match(readLedger(folder).baselines, [{ value: 7 }]);
  putEntries(folder, 'baselines', ({ baselines }) => {
    t.match(baselines, [{ value: 7 }], 'as it is under the lock');
    t.throws(() => putEntries(folder, 'waivers', () => [], 0), { code: 'ledger-busy', message: /another floodgate/ });
    return [{ ...accepted[0]!, value: 8 }];
  });
  t.match(readLedger(folder).baselines, [{ value: 8 }]);
  t.same(readdirSync(folder).sort(), [ledgerName, 'shared.yaml'], 'nothing is left of the lock');
  t.throws(() => putEntries(path.join(folder, 'nowhere'), 'baselines', () => accepted), { code: 'ledger-unwritable' });
});
