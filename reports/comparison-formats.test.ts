// What other people's programs read of a comparison, by other people's readers.
import { createRequire } from 'node:module';
import Ajv from 'ajv';
import { parse as parseJunit, type TestSuites } from 'junit2json';
import { lexer, type Token, type Tokens } from 'marked';
import t from 'tap';
import { Parser, type Result } from 'tap-parser';
import { sampleComparison } from './comparison-fixture.ts';
import { comparisonReporters } from './comparison-reporter.ts';

const require = createRequire(import.meta.url);
/** A scenario's name that means harm to a format. */
const hostile = 'a#b \\ ]]> <x a="1"> & "q" | ::error:: `c` [d](e) # SKIP';

const rendered = (fileName: string, name?: string) =>
  comparisonReporters.find((each) => each.fileName === fileName)!.render(sampleComparison(name));

t.test('SARIF holds by the schema that is published for it', async (t) => {
  const ajv = new Ajv({ schemaId: 'auto', meta: false, unknownFormats: 'ignore' });
  ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-04.json'));
  const validate = ajv.compile(require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'));
  for (const name of ['cart', hostile]) {
    const log = JSON.parse(rendered('comparison.sarif', name));
    t.ok(validate(log), JSON.stringify(validate.errors));
    const [run] = log.runs;
    t.same(
      run.results.map(({ level }: { level: string }) => level),
      ['error', 'warning', 'warning'],
    );
    const places = run.results.map(
      ({ locations }: { locations: { physicalLocation: object }[] }) => locations[0]!.physicalLocation,
    );
    t.match(places[0], { artifactLocation: { uri: 'src/check%20out.ts' }, region: { startLine: 41 } });
    // GitHub shows no result without one: what no site is to blame for stands where the scenario is defined.
    const defined = { artifactLocation: { uri: 'floodgate/cart.scenario.ts' }, region: { startLine: 7 } };
    t.match(places.slice(1), [defined, defined]);
    const rules = new Set(run.tool.driver.rules.map(({ id }: { id: string }) => id));
    for (const { ruleId } of run.results) t.ok(rules.has(ruleId));
  }
  t.notOk(
    validate({ version: '2.1.0', runs: [{ tool: {}, results: [{ level: 'bad' }] }] }),
    'and it refuses what is none',
  );
});

t.test('what could not be run stands in every format, with what it said', async (t) => {
  const failures = [
    { message: 'head (.): a run ended with 2', details: 'Its last lines:\n  ```Error: no `cart` ]]> <b>' },
  ];
  const verdict = { ok: false, exitCode: 2, headline: 'head (.): a run ended with 2' };
  const report = { ...sampleComparison(), scenarios: [], timelines: [], flames: [], failures, verdict, folder: 'shop' };
  const render = (name: string) => comparisonReporters.find((each) => each.name === name)!.render(report);
  const [result] = JSON.parse(render('sarif')).runs[0].results;
  t.match(result, { level: 'error', message: { text: /Its last lines/ } });
  t.match(result.locations[0].physicalLocation.artifactLocation, { uri: 'shop/floodgate.config.ts' });
  t.match(render('annotations'), /^::error file=shop\/floodgate\.config\.ts,line=1,title=floodgate compare::head/);
  const { testsuite } = (await parseJunit(render('junit'))) as TestSuites;
  t.match(testsuite![0], { errors: 1, testcase: [{ 'system-err': [/Error: no `cart`/] }] });
  const code = lexer(render('markdown'), { gfm: true }).find(({ type }) => type === 'code') as Tokens.Code;
  t.equal(code.text, failures[0]!.details, 'its fence is longer than any in it');
  t.match(render('tap'), /not ok 1 - head.*\n {2}---\n {2}said:\n {4}- "Its last lines:"/);
  t.match(render('terminal'), /Error: no `cart`/);
  for (const name of ['terminal', 'markdown']) {
    t.match(render(name), 'no scenario was compared to its end', name);
    t.notMatch(render(name), /is wrong in at most/, `${name}: nothing was judged`);
  }
});

t.test('JUnit: worse is a failure, undecided and not measured are errors', async (t) => {
  for (const name of ['cart', hostile]) {
    const { testsuite } = (await parseJunit(rendered('comparison.xml', name))) as TestSuites;
    const [suite] = testsuite!;
    t.match(suite, { name: `floodgate compare ${name.replace(']]>', ']] >')}`, tests: 4, failures: 1, errors: 2 });
    const [worse, undecided, missing, within] = suite!.testcase!;
    t.match(worse!.failure![0]!.message, /^allocated\.perRequest is worse: \+10 %.*src\/check out\.ts:41 parseCart/);
    t.match(undecided, { name: 'rss.p99', error: [{ message: /undecided/ }] });
    t.match(missing, { name: 'gc.share', error: [{ message: /not measured/ }] });
    t.match([within!.name, within!.failure, within!.error], ['heap.afterGc', undefined, undefined]);
  }
});

t.test('Test Anything: only what is within is a pass', async (t) => {
  for (const name of ['cart', hostile]) {
    const failed: string[] = [];
    const passed: string[] = [];
    const diagnostics: unknown[] = [];
    const parser = new Parser({ strict: true }, (results) => {
      t.match(results, { ok: false, count: 1, fail: 1, skip: 0, todo: 0 }, 'one scenario, and it is no pass');
      t.same(
        results.failures.filter(({ tapError }) => tapError),
        [],
        'nothing in it is no TAP',
      );
    });
    parser.on('child', (child: Parser) =>
      child.on('assert', ({ ok, name, diag }: Result) => {
        (ok ? passed : failed).push(name);
        if (!ok) diagnostics.push(diag);
      }),
    );
    parser.end(rendered('comparison.tap', name));
    t.same([passed.length, failed.length], [1, 3]);
    t.match(passed[0], /^heap\.afterGc is within/);
    t.match(failed[0], /^allocated\.perRequest is worse: \+10 % \(\+9\.8 % … \+10\.3 %\), at most \+3 % is allowed/);
    t.match(diagnostics[0], { message: failed[0], sites: [/parseCart/, /settle/] });
  }
});

/** As bencher.dev documents it ("Bencher Metric Format", JSON schema): benchmark → measure → numbers. */
const bencherFormat = {
  type: 'object',
  additionalProperties: {
    type: 'object',
    additionalProperties: {
      type: 'object',
      properties: {
        value: { type: 'number' },
        lower_value: { type: 'number' },
        upper_value: { type: 'number' },
      },
      required: ['value'],
      additionalProperties: false,
    },
  },
};

t.test('Bencher’s metric format', async (t) => {
  const validate = new Ajv().compile(bencherFormat);
  for (const name of ['cart', hostile]) {
    const metrics = JSON.parse(rendered('comparison.bencher.json', name));
    t.ok(validate(metrics), JSON.stringify(validate.errors));
    t.same(Object.keys(metrics), [name]);
    t.same(metrics[name]['allocated.perRequest'], { value: 1100, lower_value: 1099, upper_value: 1102 });
    t.notOk('gc.share' in metrics[name], 'what was not measured is no figure');
  }
});

t.test('Markdown as GitHub reads it: one table a scenario, and names are text', async (t) => {
  for (const name of ['cart', hostile]) {
    const tokens = lexer(rendered('comparison.md', name), { gfm: true });
    const [comment] = tokens;
    t.match(comment, { type: 'html', text: /^<!-- floodgate-compare -->/ });
    const headings = tokens.filter(({ type }) => type === 'heading');
    t.match(headings, [{ depth: 3, text: /^❌ WORSE: allocated/ }]);
    const [table] = tokens.filter(({ type }) => type === 'table') as Tokens.Table[];
    t.same(
      table!.rows.map((row) => row.length),
      table!.rows.map(() => 8),
      'each row has the columns of the heading',
    );
    t.match(table!.rows[0]!.map(({ text }) => text).slice(0, 5), [
      '❌ worse',
      '`allocated.perRequest`',
      '1 kB',
      '1.1 kB',
      '+10 %',
    ]);
    const kinds: string[] = [];
    const walk = (list: readonly Token[]) => {
      for (const token of list) {
        kinds.push(token.type);
        if ('tokens' in token && token.tokens) walk(token.tokens);
      }
    };
    walk(tokens);
    t.notOk(kinds.includes('link') || kinds.includes('image'), 'no name makes a link');
    const codes = tokens.filter(({ type }) => type === 'code') as Tokens.Code[];
    t.match(codes.at(-1)?.text, 'floodgate compare --base main', 'what to type');
  }
});

t.test('Markdown: what follows a scenario’s notes is no part of them', async (t) => {
  const report = sampleComparison();
  const [scenario] = report.scenarios;
  const note = { severity: 'info' as const, text: 'a note' };
  const scenarios = ['cart', 'list'].map((name) => ({ ...scenario!, name, notes: [note, note] }));
  const text = comparisonReporters.find(({ name }) => name === 'markdown')!.render({ ...report, scenarios });
  const tokens = lexer(text, { gfm: true });
  const paragraphs = tokens.flatMap((token) => (token.type === 'paragraph' ? [token.raw] : []));
  t.match(
    paragraphs.filter((each) => /^\*\*(?:cart|list)\*\*, load lane|^Base /.test(each)),
    [/^\*\*cart/, /^\*\*list/, /^Base /],
  );
  const lists = tokens.filter(({ type }) => type === 'list') as Tokens.List[];
  t.same(
    lists.map(({ items }) => items.map((item) => item.text)).filter(([first]) => first?.startsWith('info')),
    [
      ['info: a note', 'info: a note'],
      ['info: a note', 'info: a note'],
    ],
  );
});
