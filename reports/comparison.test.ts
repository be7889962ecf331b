import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import t from 'tap';
import { renderComparisonAnnotations } from './comparison-annotations.ts';
import { renderComparisonBencher } from './comparison-bencher.ts';
import { sampleComparison } from './comparison-fixture.ts';
import { renderComparisonMarkdown } from './comparison-markdown.ts';
import { comparisonReporters } from './comparison-reporter.ts';
import { renderComparisonSarif } from './comparison-sarif.ts';
import { formatChange } from './comparison-sentence.ts';

const rendered = (fileName: string, name?: string) =>
  comparisonReporters.find((each) => each.fileName === fileName)!.render(sampleComparison(name));

t.test('a Test Anything reader counts what is no pass', async (t) => {
  const parser = 'node_modules/.bin/tap-parser';
  const { stdout } = spawnSync(parser, ['-j', '0'], { input: rendered('comparison.tap'), encoding: 'utf8' });
  t.match(rendered('comparison.tap'), / {4}1\.\.4\n/);
  t.match(
    rendered('comparison.tap'),
    /not ok 1 - allocated\.perRequest is worse: \+10 % \(\+9\.8 % … \+10\.3 %\), at most \+3 % is allowed/,
  );
  t.match(rendered('comparison.tap'), /ok 4 - heap\.afterGc is within/);
  t.notMatch(stdout, /"ok":true,"count":1,/);
});

t.test('JUnit: worse is a failure, undecided and not measured are errors', async (t) => {
  const xml = rendered('comparison.xml');
  t.equal(xml.match(/<failure/g)?.length, 1);
  t.equal(xml.match(/<error/g)?.length, 2);
  t.equal(xml.match(/<testcase/g)?.length, 4);
  t.match(xml, 'parseCart');
});

t.test('annotations stand on the line that grew, and are escaped', async (t) => {
  const [first, second] = renderComparisonAnnotations(sampleComparison('a:b,c\n::error::x')).split('\n');
  t.match(first, /^::error file=src\/check out\.ts,line=41,title=floodgate compare%3A a%3Ab%2Cc%0A/);
  t.match(first, /::allocated\.perRequest is worse: \+10 %25 /);
  t.match(second, /^::warning title=/);
  const [below] = renderComparisonAnnotations({ ...sampleComparison(), folder: 'packages/shop' }).split('\n');
  t.match(below, /^::error file=packages\/shop\/src\/check out\.ts,line=41,/, 'as the repository names it');
});

t.test('SARIF and Bencher’s format are what their readers take', async (t) => {
  const log = JSON.parse(renderComparisonSarif(sampleComparison()));
  t.equal(log.version, '2.1.0');
  const [run] = log.runs;
  t.same(
    run.results.map(({ level }: { level: string }) => level),
    ['error', 'warning', 'warning'],
  );
  t.match(run.results[0].locations[0].physicalLocation, {
    artifactLocation: { uri: 'src/check%20out.ts' },
    region: { startLine: 41 },
  });
  const rules = new Set(run.tool.driver.rules.map(({ id }: { id: string }) => id));
  for (const { ruleId } of run.results) t.ok(rules.has(ruleId));
  const { cart } = JSON.parse(renderComparisonBencher(sampleComparison()));
  t.same(cart['allocated.perRequest'], { value: 1100, lower_value: 1099, upper_value: 1102 });
  t.notOk('gc.share' in cart, 'what was not measured is no figure');
});

t.test('JSON is what the published schema says', async (t) => {
  const schema = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../docs/comparison.schema.json'), 'utf8'));
  const validate = new Ajv().compile(schema);
  t.ok(validate(JSON.parse(rendered('comparison.json'))), JSON.stringify(validate.errors));
  for (const member of Object.keys(sampleComparison()).filter((each) => each !== 'kind'))
    t.ok(member in schema.properties, `${member} is in the schema`);
  t.notOk(validate({ ...JSON.parse(rendered('comparison.json')), verdict: { ok: 'yes' } }));
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

t.test('changes as people read them', async (t) => {
  t.equal(formatChange(0.031), '+3.1 %');
  t.equal(formatChange(-0.002), '−0.2 %');
  t.equal(formatChange(191), '×192');
  t.equal(formatChange(null), '–');
});
