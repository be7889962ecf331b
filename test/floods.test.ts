/** Scenarios and floods of somebody else's: the packed package, in a folder that is not ours. Exact lane: no privilege. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { exchangesCapture } from '../agent/commands/capture-fixture.ts';
import type { GateReport, RunReport } from '../reports/model.ts';
import { install } from './installed-package.ts';

t.setTimeout(300_000);
const folder = t.testdir();
const floodgate = path.join(install(folder), 'floodgate');
const page = (name: string) => readFileSync(path.join(folder, 'node_modules/floodgate/docs', name), 'utf8');
const write = (name: string, text: string | Uint8Array) => writeFileSync(path.join(folder, name), text);
write('package.json', '{ "name": "shop", "type": "module", "private": true }\n');

function run(...words: string[]) {
  // The test runner hooks into every Node.js that it sees started.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [floodgate, ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...env, CI: '1' },
  });
  return { status, out: stdout, err: stderr };
}

const reportOf = <T>(out: string): T => JSON.parse(readFileSync(path.join(folder, out, 'report.json'), 'utf8'));

/** The only code block of a page in this language that names this. */
function example(name: string, language: string, text: string): string {
  const blocks = [...page(name).matchAll(/```(\w+)\n([\s\S]*?)```/g)];
  const found = blocks.filter((block) => block[1] === language && block[2]!.includes(text));
  t.equal(found.length, 1, `docs/${name} has one example with ${text}`);
  return found[0]![2]!;
}

t.test('a capture, three impairments, a verdict: the ten lines of the page', (t) => {
  write('production.pcapng.zst', exchangesCapture(300));
  const text = example('project.md', 'yaml', 'capture: ./production');
  const lines = text.trim().split('\n').slice(1);
  t.equal(lines.length, 9, 'beside the line for the editor');
  write('replay.yaml', text);
  const { status, out, err } = run('run', './replay.yaml', '--lane', 'exact', '--seed', '3', '--out', 'runs/replay');
  t.equal(status, 0, out + err);
  t.match(out, /^ PASS {2}replay /m);
  const report = reportOf<RunReport>('runs/replay');
  const kinds = report.notes.map(({ text }) => /^(loss|reorder|duplicate): /.exec(text)?.[1]).filter(Boolean);
  t.same(kinds, ['loss', 'reorder', 'duplicate']);
  const { truth, found } = report.messages!;
  t.ok(truth.requests > 200 && truth.requests < 300 && found.requests >= truth.requests, `${truth.requests} of 300`);
  t.same(
    report.budgets.filter(({ state }) => state !== 'pass').map(({ name }) => name),
    [],
  );
  write('strict.yaml', text.replace('200 MB', '20 MB'));
  t.equal(run('run', './strict.yaml', '--lane', 'exact', '--no-explain', '--out', 'runs/strict').status, 1);
  write('wrong.yaml', text.replace('impair:', 'imapir:'));
  t.match(run('run', './wrong.yaml').err, /wrong\.yaml:4: imapir: there is no such name; is "impair" meant\?/);
  t.end();
});

t.test('the example of builders, in a project’s gate, by its set', (t) => {
  write(
    'sale.ts',
    example('floods.md', 'ts', 'traffic.upload').replace("lane: 'exact',", "lane: 'exact', sets: ['quickly'],"),
  );
  write(
    'floodgate.config.yaml',
    "scenarios: ['./sale.ts', { name: other, builtin: steady }]\nbudgets: { rss.max: 400 MB }\n",
  );
  const { status, out, err } = run('gate', 'quickly', '--out', 'runs/gate');
  t.equal(status, 0, out + err);
  const [sale, ...others] = reportOf<GateReport>('runs/gate').runs;
  t.equal(others.length, 0);
  const { truth, found } = sale!.messages!;
  t.ok(truth.requests > 100, `${truth.requests} requests`);
  t.equal(found.requests, truth.requests);
  const figure = (name: string) => sale!.figures.find((each) => each.name === name)?.value;
  // An announced upload has a 100 (Continue) as well, which is no response of its own.
  t.same([figure('missed.messages'), figure('extra.messages')], [0, 0]);
  t.match(sale!.counters, { 'http.tlsStreams': /^[1-9]/ });
  t.match(run('gate', 'quikly').err, /there is no set "quikly"\nDid you mean quickly\?/);
  t.end();
});

t.test('the example of a file; the library and its schema come with the package', (t) => {
  write('sale.yaml', example('floods.md', 'yaml', 'flash-crowd'));
  const { status, out, err } = run('run', './sale.yaml', '--lane', 'exact', '--size', '2MB', '--out', 'runs/file');
  t.equal(status, 0, out + err);
  const list = run('list').out;
  for (const group of ['article', 'network', 'protocol', 'load', 'hostile']) t.match(list, `Scenarios: ${group}`);
  t.match(run('list', 'half-open-flood').out, /SYN flood[\s\S]*broken by +floodgate run half-open-flood --defect/);
  const schema = JSON.parse(page('scenario.schema.json'));
  t.ok(Object.keys(parse(readFileSync(path.join(folder, 'sale.yaml'), 'utf8'))).every((key) => schema.properties[key]));
  t.match(schema.properties.traffic.items.oneOf[0].properties.kind, { const: 'http' });
  t.end();
});
