import fc from 'fast-check';
import t from 'tap';
import type { RunReport } from './model.ts';
import { ReportError, readAnyReport } from './report-reader.ts';
import { sampleGate, sampleRun } from './sample-report.ts';

/** The sample with one thing changed, as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: the cases below break the type on purpose
function edited(edit: (report: any) => void): string {
  const report = structuredClone(sampleRun());
  edit(report);
  return JSON.stringify(report);
}

t.test('a report survives the way through JSON unchanged', async (t) => {
  t.same(readAnyReport(JSON.stringify(sampleRun())), sampleRun());
  t.same(readAnyReport(JSON.stringify(sampleGate({ ok: false }))), sampleGate({ ok: false }));
});

t.test('what is wrong is said, with its path', async (t) => {
  const cases: [string, string, RegExp][] = [
    ['text', 'hello', /does not parse/],
    ['a list', '[]', /not a report/],
    ['null', 'null', /not a report/],
    ['another kind', '{"kind":"x"}', /neither "run" nor "gate"/],
    ['newer', edited((r) => (r.schemaVersion = 99)), /newer version \(99.*update floodgate/],
    ['no version', edited((r) => delete r.schemaVersion), /schemaVersion/],
    ['missing', edited((r) => delete r.environment.kernel), /environment\.kernel/],
    ['a text for a number', edited((r) => (r.budgets[1].limit = '200')), /budgets\.1\.limit/],
    ['not finite', edited((r) => (r.durationMs = 1)).replace('"durationMs":1,', '"durationMs":1e999,'), /durationMs/],
    ['ragged columns', edited((r) => r.series[0].columns[0].values.pop()), /series\.0.*not as long/],
    ['time runs back', edited((r) => (r.series[0].tMs[1] = -5)), /ascend/],
    ['text in a column', edited((r) => (r.series[0].columns[0].values[3] = '<b>')), /values.*numbers/],
    ['ragged collections', edited((r) => r.gc.kind.pop()), /collections/],
    ['a cycle in the call tree', edited((r) => (r.spikes[0].flame.parent[1] = 5)), /parent before/],
    ['an unknown call site', edited((r) => (r.spikes[0].flame.site[1] = 4_000)), /known call sites/],
    ['a frame number below zero', edited((r) => (r.spikes[0].frames.first = -1)), /frames\.first/],
    ['a name as long as a book', edited((r) => (r.verdict.headline = 'x'.repeat(70_000))), /headline/],
    ['too many rows', edited((r) => (r.notes = Array(10_001).fill({ severity: 'info', text: '' }))), /notes/],
  ];
  for (const [name, json, message] of cases)
    t.throws(() => readAnyReport(json), { name: 'ReportError', message }, name);
});

t.test('an older report names what keeps it from passing in its verdict alone', async (t) => {
  const faultOf = (parts: object, isOver = false) => {
    const json = edited((report) => {
      delete report.fault;
      Object.assign(report, parts);
      if (isOver) Object.assign(report.budgets[0], { ok: false, state: 'over' });
    });
    return (readAnyReport(json) as RunReport).fault;
  };
  const verdict = (exitCode: number, headline: string) => ({ verdict: { ok: exitCode === 0, exitCode, headline } });
  const hung = verdict(1, 'The target hung: it had to be killed after SIGTERM.');
  const none = verdict(4, 'None of 200 answers had a status of 2xx.');
  t.equal(faultOf({}), null);
  t.equal(faultOf(verdict(1, 'rss.p99 is 1 GB.'), true), null, 'a limit made it');
  t.match(faultOf({ partial: true, ...verdict(3, 'Interrupted.') }), { exitCode: 3, headline: 'Interrupted.' });
  t.match(faultOf({ partial: true }), { exitCode: 3 });
  t.match(faultOf(hung), { exitCode: 1, headline: hung.verdict.headline });
  t.match(faultOf(hung, true), { exitCode: 1, headline: hung.verdict.headline });
  t.match(faultOf(none), { exitCode: 4, headline: none.verdict.headline });
});

t.test('unknown and dangerous keys are dropped', async (t) => {
  const json = JSON.stringify(sampleRun()).replace('"counters":{', '"__proto__":{"x":1},"counters":{"__proto__":7,');
  const report = readAnyReport(json) as unknown as Record<string, unknown>;
  t.notOk('x' in report);
  t.equal(Object.getPrototypeOf(report.counters), Object.prototype);
});

t.test('no JSON makes the reader throw anything but its own error', async () => {
  const paths = ['verdict', 'series', 'gc', 'spikes', 'budgets', 'counters', 'ledger', 'passes', 'schemaVersion'];
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 4 }), (path, value) => {
      try {
        readAnyReport(edited((report) => (report[path] = value)));
      } catch (error) {
        if (!(error instanceof ReportError)) throw error;
      }
    }),
    { numRuns: 200, seed: 7 },
  );
});

t.test('half a million samples are checked in seconds', async (t) => {
  const report = readAnyReport(JSON.stringify(sampleRun({ samples: 500_000 }))) as RunReport;
  t.equal(report.series[0]?.tMs.length, 500_000);
});
