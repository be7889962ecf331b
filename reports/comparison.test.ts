import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import t from 'tap';
import type { ComparedMetric } from './comparison.ts';
import { renderComparisonAnnotations } from './comparison-annotations.ts';
import { sampleComparison } from './comparison-fixture.ts';
import { renderComparisonMarkdown } from './comparison-markdown.ts';
import { readComparison } from './comparison-reader.ts';
import { comparisonReporters } from './comparison-reporter.ts';
import { formatChange } from './comparison-sentence.ts';
import { renderComparisonTerminal } from './comparison-terminal.ts';

const rendered = (fileName: string, name?: string) =>
  comparisonReporters.find((each) => each.fileName === fileName)!.render(sampleComparison(name));

t.test('annotations stand on the line that grew, and are escaped', async (t) => {
  const [first, second] = renderComparisonAnnotations(sampleComparison('a:b,c\n::error::x')).split('\n');
  t.match(first, /^::error file=src\/check out\.ts,line=41,title=floodgate compare%3A a%3Ab%2Cc%0A/);
  t.match(first, /::allocated\.perRequest is worse: \+10 %25 /);
  t.match(second, /^::warning file=floodgate\/cart\.scenario\.ts,line=7,title=/);
  const [below] = renderComparisonAnnotations({ ...sampleComparison(), folder: 'packages/shop' }).split('\n');
  t.match(below, /^::error file=packages\/shop\/src\/check out\.ts,line=41,/, 'as the repository names it');
});

t.test('annotations stand where something changed, and name no site that grew where the whole did not', async (t) => {
  const report = sampleComparison();
  const [scenario] = report.scenarios;
  const [metric] = scenario!.metrics;
  const [site] = scenario!.sites;
  const first = (metrics: object, sites: object[]) => {
    const changed = {
      ...scenario!,
      metrics: [{ ...metric!, ...metrics }],
      sites: sites.map((each) => ({ ...site!, ...each })),
    };
    const exitCode = changed.metrics[0]!.decision === 'worse' ? 1 : 4;
    const verdict = { ...report.verdict, exitCode } as const;
    return renderComparisonAnnotations({ ...report, scenarios: [changed], verdict }).split('\n')[0]!;
  };
  const unchanged = { file: 'src/pad.ts', line: 3, functionName: 'pad', headBytes: 900, changed: [] };
  const grown = { line: 41, headBytes: 520, changed: [44, 45] };
  t.match(
    first({}, [unchanged, grown]),
    /^::error file=src\/check out\.ts,line=44,.*check out\.ts:41 parseCart \+4 %25/,
  );
  t.match(first({}, [unchanged]), /^::error file=src\/pad\.ts,line=3,/, 'it is called with more');
  const less = first({ change: -0.07, decision: 'undecided', note: 'other answers' }, [unchanged]);
  t.match(less, /^::warning file=floodgate\/cart\.scenario\.ts,line=7,/);
  t.notMatch(less, /pad/);
  const buffers = { ...grown, functionName: 'copy', isOffHeap: true };
  t.match(first({}, [buffers, unchanged]), /file=src\/pad\.ts/, 'buffers are not on the heap');
  const offHeap = first({ name: 'allocated.offHeapPerRequest' }, [unchanged, buffers]);
  t.match(offHeap, /line=44,.*copy \+4 %25 \(\+20 B ± 4 B off-heap\)/);
  t.match(first({ decision: 'undecided', change: 0 }, [buffers]), /^::warning .*line=44,.* off-heap\)/);
});

t.test('JSON is what the published schema says', async (t) => {
  const schema = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../docs/comparison.schema.json'), 'utf8'));
  const validate = new Ajv().compile(schema);
  t.ok(validate(JSON.parse(rendered('comparison.json'))), JSON.stringify(validate.errors));
  for (const member of Object.keys(sampleComparison()).filter((each) => each !== 'kind'))
    t.ok(member in schema.properties, `${member} is in the schema`);
  t.notOk(validate({ ...JSON.parse(rendered('comparison.json')), verdict: { ok: 'yes' } }));
});

t.test('a comparison is read as it was written, one that failed as well', async (t) => {
  const whole = sampleComparison();
  const none = { label: 'main', commit: null, dirty: false, package: null, key: '' };
  const failed = { ...whole, base: none, head: { ...none, label: '.' }, scenarios: [], timelines: [], flames: [] };
  const schema = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../docs/comparison.schema.json'), 'utf8'));
  for (const report of [whole, failed, { ...whole, ofANewerVersion: 1 }]) {
    t.strictSame(readComparison(JSON.stringify(report)), report);
    t.ok(new Ajv().validate(schema, report));
  }
  for (const text of ['', '[]', 'null', '{"kind":"run"}', JSON.stringify({ ...whole, scenarios: [{}] })])
    t.throws(() => readComparison(text), { name: 'ReportError' }, text.slice(0, 80));
});

t.test('what was 0 before is said by counts in every format, and 0 % as 0 %', async (t) => {
  const whole = sampleComparison();
  const [scenario] = whole.scenarios;
  const boundless = Math.expm1(10);
  const failed: ComparedMetric = {
    ...{ ...scenario!.metrics[0]!, name: 'requests.failed', unit: 'count', base: [0, 0], head: [10, 10] },
    ...{ baseMedian: 0, headMedian: 10, threshold: 0, detectable: boundless },
    ...{ change: boundless, changeLow: boundless, changeHigh: boundless },
  };
  const report = { ...whole, scenarios: [{ ...scenario!, metrics: [failed] }] };
  for (const { fileName, render } of comparisonReporters.filter(({ fileName }) => !/json|html/.test(fileName))) {
    const text = render(report);
    t.notMatch(text, /×|22026/, fileName);
    t.match(text, /10 a run, 0 before/, fileName);
    t.match(text, /(?<!\+)0 %/, fileName);
  }
  const some = { ...failed, baseMedian: 5 };
  t.match(
    renderComparisonTerminal(
      { ...report, scenarios: [{ ...scenario!, metrics: [some] }] },
      { colour: false, all: true },
    ),
    / ∞ /,
  );
});

t.test('Markdown: found again by its mark; a name is data, never markup', async (t) => {
  const text = renderComparisonMarkdown(sampleComparison('<img src=x onerror=alert(1)>|[a](b)'));
  t.match(text, /^<!-- floodgate-compare -->\n### ❌ WORSE/);
  t.notMatch(text, '<img');
  t.notMatch(text, '[a](b)');
  t.match(text, /parseCart/);
  t.match(text, /<pre>.*\n&gt; 41 \| {3}rows\.push.*&lt;\/pre&gt;&lt;b&gt;/s);
  for (const row of text.split('\n').filter((line) => line.startsWith('|'))) {
    t.equal(row.match(/(?<!\\)\|/g)!.length, 9, row);
  }
});

t.test('a figure that neither version has is no row, and one that either has is', async (t) => {
  const whole = sampleComparison();
  const [scenario] = whole.scenarios;
  const shown = scenario!.metrics.find(({ decision }) => decision === 'shown')!;
  const none = { ...shown, name: 'pages.max', baseMedian: null, headMedian: null, change: null };
  const gone = { ...shown, name: 'streams.max', headMedian: null, change: null };
  const report = { ...whole, scenarios: [{ ...scenario!, metrics: [...scenario!.metrics, none, gone] }] };
  for (const text of [
    renderComparisonMarkdown(report),
    renderComparisonTerminal(report, { colour: false, all: true }),
  ]) {
    t.notMatch(text, 'pages.max');
    t.match(text, 'streams.max');
  }
  t.match(renderComparisonMarkdown(report), /2 more figures, not judged/);
});

t.test('of one that was interrupted the pairs are said, and no error of a verdict', async (t) => {
  const verdict = {
    ok: false,
    exitCode: 3,
    headline: 'interrupted: 2 pairs of cart were run, and nothing of it is judged',
  };
  const report = { ...sampleComparison(), verdict };
  for (const text of [
    renderComparisonMarkdown(report),
    renderComparisonTerminal(report, { colour: false, all: false }),
  ]) {
    t.match(text, 'until it was interrupted');
    t.notMatch(text, /is wrong in at most/);
  }
});

t.test('changes as people read them', async (t) => {
  t.equal(formatChange(0.031), '+3.1 %');
  t.equal(formatChange(-0.002), '−0.2 %');
  t.equal(formatChange(191), '×192');
  t.equal(formatChange(null), '–');
});
