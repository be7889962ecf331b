/** The published JSON schema, as an editor uses it: by a validator that is not ours. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import t from 'tap';
import type * as v from 'valibot';
import { parse } from 'yaml';
import { checkConfig } from './check-config.ts';
import type { configSchema } from './config.ts';
import type { ProjectConfig, ScenarioConfig } from './define.ts';
import { draftOf, renderConfig } from './detect.ts';
import type { scenarioSchema } from './scenario-schema.ts';

const docs = path.resolve(import.meta.dirname, '../../docs');
const compiled = (name: string) =>
  new Ajv({ allErrors: true }).compile(JSON.parse(readFileSync(path.join(docs, name), 'utf8')));
const validate = compiled('config.schema.json');
const faultsOf = (value: unknown) => (validate(value) ? [] : validate.errors!.map(({ message }) => message));

t.test('what pages and init write is accepted', (t) => {
  const validators = { config: validate, scenario: compiled('scenario.schema.json') };
  const examples = readdirSync(docs)
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => [...readFileSync(path.join(docs, name), 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)])
    .map(([, text]) => text!);
  const counts = { config: 0, scenario: 0 };
  for (const text of examples) {
    const kind = /^# yaml-language-server: \$schema=\S+\/(config|scenario)\.schema\.json\n/.exec(text)?.[1];
    if (kind !== 'config' && kind !== 'scenario') continue;
    counts[kind] += 1;
    t.ok(validators[kind](parse(text)), `${text}\n${JSON.stringify(validators[kind].errors)}`);
  }
  t.ok(counts.config > 0 && counts.scenario > 1, JSON.stringify(counts));
  for (const files of [{ 'go.mod': 'module x' }, { 'package.json': '{"scripts":{"start":"node a.js"}}' }, {}]) {
    const folder = path.join(t.testdir(), 'project');
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
    const { text } = renderConfig(draftOf(folder), false, './x.schema.json');
    t.match(text, /^# yaml-language-server: \$schema=\.\/x\.schema\.json\n/);
    t.same(faultsOf(parse(text)), [], text);
  }
  t.end();
});

/** What a schema lets through and a type, member by member, those that may be left out as well. */
type Plain<T> = T extends object ? { [Name in keyof T]: Plain<T[Name]> } : T;
type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;

t.test('what the types say is what the schemas check', async (t) => {
  const config: Same<v.InferOutput<typeof configSchema>, ProjectConfig> = true;
  const scenario: Same<v.InferOutput<typeof scenarioSchema>, ScenarioConfig> = true;
  t.ok(config && scenario, 'the compiler looks');
});

const targets = { service: { command: 'node server.js' } };

t.test('it refuses what floodgate refuses', (t) => {
  const refused: unknown[] = [
    'text',
    { target: targets },
    { tresholds: {} },
    { targets: { service: { comand: 'x' } } },
    { targets: { 'a name': { command: 'x' } } },
    { targets: { service: { pid: 0 } } },
    { targets, scenarios: [{ name: 'a', lode: 'x' }] },
    { targets, scenarios: [{ load: 'x' }] },
    { targets, scenarios: [{ name: 'a', lane: 'fast' }] },
    { targets, scenarios: [{ name: 'a', traffic: [{ kind: 'htpp' }] }] },
    { environments: { ci: { budget: {} } } },
    { budgets: { 'rss.max': true } },
    { budgets: { 'rss.mx': '200 MB' } },
    { targets, scenarios: [{ name: 'a', load: 'x', thresholds: { 'bytes:': '1 %' } }] },
  ];
  for (const config of refused) {
    t.throws(() => checkConfig(config, 'floodgate.config.yaml'), { code: 'config-invalid' }, JSON.stringify(config));
    t.not(faultsOf(config).length, 0, `the schema: ${JSON.stringify(config)}`);
  }
  const accepted: unknown[] = [
    {},
    {
      targets,
      scenarios: [{ name: 'a', load: 'x', budgets: { 'rss.max': '200 MB', 'bytes:src/**': 9 } }, './floods/*.yaml'],
    },
    { targets: { one: { pid: 7 }, two: { url: 'http://127.0.0.1:6060' }, own: { agent: true } }, build: ['npm ci'] },
  ];
  for (const config of accepted) {
    checkConfig(config, 'floodgate.config.yaml');
    t.same(faultsOf(config), [], JSON.stringify(config));
  }
  t.end();
});
