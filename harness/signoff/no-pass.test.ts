/** What is no pass whatever the limits say: a scenario that was not run, a target that died, a load that was not there. */
import path from 'node:path';
import t from 'tap';
import type { RunReport } from '../../reports/model.ts';
import { testsOf } from '../../reports/signoff.ts';
import type { Measurement } from '../report/measurement.ts';
import { type FixtureOrder, read, release, sealedFixture, signedAt } from './bundle-fixture.ts';
import { judgeRun } from './judge.ts';
import { checkPolicy, refusalsBy } from './policy.ts';
import { runNotJudged } from './summary-again.ts';
import { verifyBundle } from './verify.ts';

const folder = t.testdir();

async function verified(name: string, order: FixtureOrder, policy: object, toolVersion = '0.1.0') {
  const { files, report } = await sealedFixture(path.join(folder, name), order);
  const asked = { policy: checkPolicy(policy, 'policy.yaml'), candidate: undefined, toolVersion };
  const found = await verifyBundle({
    ...{ files, key: release.publicKey, allowsUnsigned: false, nowMs: Date.parse(signedAt) },
    ...asked,
  });
  return { report, refusals: found.refusals.map(({ reason, text }) => `${reason}: ${text}`) };
}

t.test('a scenario that was not run is no pass', async (t) => {
  const { report, refusals } = await verified('not-run', { notRun: 'flood' }, { set: 'release' });
  t.match(report.verdict, { ok: false, exitCode: 4, headline: /flood: It was not run/ });
  t.same(refusals, ['undecided: not measured or undecided: flood/run']);
  const allowed = { allowUndecided: ['flood/run'], scenarios: ['steady', 'flood'] };
  t.same((await verified('allowed', { notRun: 'flood' }, allowed)).refusals, ['scenario-missing: not run: flood']);
});

t.test('a load that failed is no pass in its own words', async (t) => {
  const { report } = await sealedFixture(path.join(folder, 'no-load'));
  const why = 'the load exited with code 1: Error: ENOENT: no such file, open paths.json. Mend it, and run it again.';
  const scenarios = report.scenarios.map((each) => ({
    ...each,
    runs: [runNotJudged('load', why, 4)],
    comparisons: [],
  }));
  const found = refusalsBy(
    checkPolicy({ maxAge: '2d' }, ''),
    { ...report, scenarios, previous: null },
    Date.parse(signedAt),
  );
  t.match(found, [{ reason: 'not-run', text: `steady/load/run: Not judged: ${why}` }]);
  t.notMatch(
    found.map(({ reason }) => reason),
    ['undecided'],
  );
  const allowed = checkPolicy({ allowUndecided: ['steady/load/run'] }, '');
  t.same(refusalsBy(allowed, { ...report, scenarios, previous: null }, Date.parse(signedAt)), []);
});

const dead = (measurement: Measurement): Measurement => {
  const exit = { ...measurement.pass.exit, code: 5, signal: null, expected: false };
  return { ...measurement, pass: { ...measurement.pass, exit } };
};

t.test('a target that died hides behind no limit that is allowed, and behind no waiver', async (t) => {
  const ledger = { baselines: [], waivers: [] };
  const over = { allowFailed: ['steady/exact/allocated.perMessage'] };
  const allowed = await verified('allowed-limit', { changeMeasured: dead, ledger }, over);
  t.same(allowed.refusals, ['failed: failed: steady/exact/run']);
  t.match(allowed.report.scenarios[0]!.runs[0]!.fault, { exitCode: 1, headline: /^The target died under the traffic/ });
  const waived = await verified('waived', { changeMeasured: dead }, { allowWaivers: true });
  t.same(waived.refusals, ['failed: failed: steady/exact/run']);
  t.match(waived.report.verdict, { ok: false, exitCode: 1, headline: /The target died under the traffic/ });
});

t.test('a load that did not load hides behind no limit that was not decided', async (t) => {
  const refused = (measurement: Measurement): Measurement => {
    const { sending } = measurement.pass;
    const ledger = { ...sending!.ledger, framesRefused: 3 };
    const { 'dropped.frames': _, ...rest } = measurement.budget;
    const budget = { ...rest, 'requests.failed': 0 };
    return { ...measurement, budget, pass: { ...measurement.pass, sending: { ...sending!, ledger } } };
  };
  const policy = { allowUndecided: ['steady/exact/requests.failed'] };
  // By another version, which does not know what limits the library had.
  const { refusals } = await verified('refused', { changeMeasured: refused }, policy, 'later');
  t.same(refusals, ['undecided: not measured or undecided: steady/exact/run']);
});

t.test('a comparison of a release with itself is none', async (t) => {
  const before = { label: 'v1.3.2', dirty: false, build: ['as it was packed'] };
  const itself = [
    { ...before, commit: 'c'.repeat(40) },
    { ...before, commit: 'e'.repeat(40), isCandidate: true },
    { ...before, label: 'other.tgz', commit: null, package: { name: 'other.tgz', sha256: 'd'.repeat(64) } },
  ];
  for (const [at, previous] of itself.entries()) {
    const order = { previous, isPacked: previous.label === 'other.tgz' };
    const { report, refusals } = await verified(`itself-${at}`, order, { compared: true });
    t.match(report.verdict.headline, `compared with itself (${previous.label})`);
    t.match(report.notes[0]?.text, /the very files of the candidate/);
    t.same(refusals, [`not-compared: compared with itself: ${previous.label}`]);
    t.same((await verified(`default-${at}`, order, { maxAge: '2d' })).refusals, refusals, 'whatever is asked');
    t.same((await verified(`asked-${at}`, order, { compared: false })).refusals, [], 'but where that is taken');
  }
  const changed = { previous: { ...before, label: './before', commit: 'c'.repeat(40), dirty: true } };
  const { report, refusals } = await verified('changed', changed, { compared: true });
  t.same(refusals, [], 'but not with its own changes');
  t.match(report.notes[0]?.text, /the commit that the candidate’s changes were made on/);
});

t.test('a load without a request is no load', (t) => {
  const judged = (answers?: { total: number; not2xx: number }) => {
    const { budget, pass, ...rest } = read<Measurement>('steady-exact.measurement');
    const last = { ...pass.channel.last!, type: 'v8' as const };
    const channel = { ...pass.channel, last, marks: [] };
    const served = { ...pass, lane: 'load' as const, channel, ...(answers && { answers }) };
    return judgeRun({
      ...{
        scenario: 'cart',
        ledger: { baselines: [], waivers: [] },
        thresholds: {},
        definition: '',
        day: '2026-11-29',
      },
      report: read<RunReport>('steady-exact.report'),
      measurement: { ...rest, budget: { 'rss.max': 1e12 }, pass: served },
    }).run;
  };
  const none = judged();
  t.match(none.verdict, { ok: false, exitCode: 4, headline: /^No HTTP request was seen/ });
  const scenarios = [{ name: 'cart', runs: [{ ...none, folder: 'runs/cart/load' }], comparisons: [] }];
  t.match(testsOf({ scenarios, previous: null }).at(-1), { name: 'cart/load/run', outcome: 'undecided' });
  t.match(judged({ total: 1, not2xx: 0 }), { verdict: { ok: true }, fault: undefined });
  t.end();
});
