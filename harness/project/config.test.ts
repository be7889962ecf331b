import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { checkConfig } from './check-config.ts';
import { draftOf, renderConfig } from './detect.ts';
import { findConfigFile, loadProject } from './find-config.ts';
import { limitsOf, runArguments } from './run-arguments.ts';

const keep = () => t.fail('nothing is to be kept') as never;
const service = { command: 'node server.js' };

t.test('what is wrong is said with its place, and the nearest name', async (t) => {
  const fault = (config: unknown) => {
    try {
      checkConfig(config, 'floodgate.config.ts');
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  t.equal(fault({ targets: { service }, scenarios: [{ name: 'a', load: 'x' }] }), '');
  for (const [config, place] of [
    [{ scenarios: [{ name: null, load: 'x' }] }, 'scenarios.0.name'],
    [{ scenarios: [{ name: 'a', load: null }] }, 'scenarios.0.load'],
    [{ budgets: null }, 'budgets'],
    [{ environments: { ci: null } }, 'environments.ci'],
  ] as const)
    t.match(fault(config), `${place}: it is missing`, 'nothing stands behind it');
  t.match(fault({ target: { service } }), /target: there is no such name; is "targets" meant\?/);
  t.match(fault({ tresholds: {} }), /tresholds: .*is "thresholds" meant/);
  t.match(fault({ scenarios: [{ name: 'a', lode: 'x' }] }), /scenarios\.0\.lode: .*is "load" meant/);
  t.match(fault({ targets: { service: { comand: 'x' } } }), /targets\.service\.comand: .*is "command" meant/);
  t.match(fault({ targets: { service: { command: 'x', redy: 'y' } } }), /targets\.service\.redy: .*is "ready" meant/);
  t.match(fault({ targets: { service: { command: 'x', pid: 7 } } }), /targets\.service/);
  t.match(fault({ budgets: { 'rss.mx': 1 } }), /budgets\.rss\.mx: there is no metric "rss\.mx"; is "rss\.max" meant\?/);
  t.match(
    fault({ scenarios: ['./a.yaml', { name: 'a', thresholds: { 'allocated.perReqest': '1 %' } }] }),
    /scenarios\.1\.thresholds\..*is "allocated\.perRequest" meant/,
  );
  t.match(
    fault({ environments: { ci: { budgets: { rss: 1 } } } }),
    /environments\.ci\.budgets\.rss: there is no metric/,
  );
  t.equal(fault({ budgets: { 'share:parse*': '10 %', 'growth.perRequest': 0 } }), '');
  for (const [budgets, why] of [
    [
      { 'rss.max': '200 ms' },
      /budgets\.rss\.max: "200ms" is an amount of time, and an amount of bytes is wanted\. Write/,
    ],
    [{ 'rss.max': '-5 MB' }, /budgets\.rss\.max: "-5MB" is not an amount of bytes/],
    [{ 'rss.max': -5 }, /budgets\.rss\.max: -5 is no limit: it is 0 or more/],
    [{ 'requests.failed': Number.POSITIVE_INFINITY }, /Infinity is no limit/],
    [{ 'share:a/**': '200 %' }, /budgets\.share:a\/\*\*: "200%" is more than all of it/],
  ] as const) {
    t.match(fault({ budgets }), why);
    t.match(fault({ environments: { ci: { budgets } } }), /environments\.ci\.budgets/);
    t.match(fault({ scenarios: [{ name: 'a', budgets }] }), /scenarios\.0\.budgets/);
  }
  t.match(fault({ thresholds: { 'rss.max': '5 MB' } }), /thresholds\.rss\.max: "5MB" is an amount of bytes/);
  t.match(fault({ thresholds: { 'rss.max': 5 } }), /thresholds\.rss\.max: 5 is no limit: it is a share from 0 to 1/);
  for (const one of [1, '1'])
    t.match(fault({ thresholds: { 'rss.max': one } }), /"1" has no unit, .* all of it\. Write "1 %" or 0\.01\./);
  t.equal(fault({ thresholds: { 'rss.max': 1e-7, 'rss.p99': '100 %', 'rss.p50': '0.5' } }), '');
  t.equal(fault({ budgets: { 'rss.max': '200 MB' }, thresholds: { 'rss.max': 0.05, 'rss.p99': '5 %' } }), '');
  t.match(fault({ scenarios: [{ name: 'a', duration: 'soon' }] }), /a time such as "10s"/);
  t.match(fault(undefined), /the configuration/);
  t.match(fault('x'), /the configuration/);
});

t.test('a configuration is found upwards, in any form, and once', async (t) => {
  const folder = t.testdir({
    yaml: {
      'floodgate.config.yaml': 'targets: { service: { command: node server.js } }\nscenarios: [{ name: a, load: x }]\n',
      deep: {},
    },
    glob: {
      'floodgate.config.mjs':
        'export default { targets: { service: { command: "x" } }, scenarios: ["./load/**/*.scenario.mjs"] };',
      load: { 'b.scenario.mjs': 'export default { name: "b", load: "y" };' },
    },
    two: { 'floodgate.config.yaml': '', 'floodgate.config.js': '' },
    bad: { 'floodgate.config.yaml': '{' },
    dangling: { 'floodgate.config.yaml': t.fixture('symlink', 'nowhere') },
    empty: { 'floodgate.config.mjs': 'export const config = {};' },
  });
  const deep = path.join(folder, 'yaml', 'deep');
  t.equal(findConfigFile(deep), path.join(folder, 'yaml', 'floodgate.config.yaml'));
  t.match(await loadProject(deep), { folder: path.join(folder, 'yaml'), scenarios: [{ name: 'a', load: 'x' }] });
  t.match(await loadProject(path.join(folder, 'glob')), { scenarios: [{ name: 'b', load: 'y' }] });
  for (const [name, message] of [
    ['two', /has floodgate\.config\.js and floodgate\.config\.yaml/],
    ['bad', /cannot be read/],
    ['dangling', /floodgate\.config\.yaml is a link that leads nowhere/],
    ['empty', /exports no default/],
    ['none', /there is no floodgate\.config/],
  ] as const) {
    mkdirSync(path.join(folder, name), { recursive: true });
    await t.rejects(loadProject(path.join(folder, name)), { message }, name);
  }
});

t.test('a configuration in module syntax loads where "type" says CommonJS, as npm init writes it', async (t) => {
  const shared = 'export const command: string = "node server.js";';
  const esm = (types: string) =>
    `import { command } from './shared.ts';\nconst targets${types} = { service: { command } };\nexport default { targets, scenarios: ['*.scenario.js'] };\n`;
  const files = {
    'package.json': '{ "name": "shop", "main": "index.js", "type": "commonjs" }',
    'shared.ts': shared,
    'a.scenario.js': 'export default { name: "a", load: "x" };',
  };
  const folder = t.testdir({
    ts: { ...files, 'floodgate.config.ts': esm(': Record<string, { command: string }>') },
    js: { ...files, 'floodgate.config.js': esm('') },
    own: { ...files, 'floodgate.config.js': 'module.exports = { scenarios: [{ name: "a", load: `\nexport y` }] };' },
    bad: { ...files, 'floodgate.config.ts': 'export default {{' },
  });
  for (const name of ['ts', 'js']) {
    const loaded = await loadProject(path.join(folder, name));
    t.match(loaded, { config: { targets: { service } }, scenarios: [{ name: 'a', load: 'x' }] }, name);
  }
  t.match(await loadProject(path.join(folder, 'own')), { scenarios: [{ name: 'a' }] }, 'CommonJS itself');
  await t.rejects(loadProject(path.join(folder, 'bad')), { code: 'config-invalid' });
});

t.test('a configuration that anyone may have put there is not run', async (t) => {
  const folder = t.testdir({ 'floodgate.config.mjs': 'export default { scenarios: [] };', below: {} });
  chmodSync(folder, 0o777);
  const below = path.join(folder, 'below');
  await t.rejects(loadProject(below), { code: 'config-untrusted' });
  t.match(await loadProject(below, path.join(folder, 'floodgate.config.mjs')), { scenarios: [] }, 'unless it is named');
});

t.test('a scenario is what a user can type; limits come from the nearest', async (t) => {
  const folder = t.testdir();
  const file = path.join(folder, 'floodgate.config.mjs');
  writeFileSync(
    file,
    `export default {
      targets: { service: { command: 'node server.js', ready: 'listening' } },
      scenarios: [{ name: 'a', load: 'hey {port}', idle: '1s', budgets: { 'rss.max': '100 MB' } }, { name: 'b', builtin: 'steady', lane: 'exact' }, { name: 'c', requests: 'c.har', oneAtATime: true, loop: 3, dropHeaders: ['cookie'] }],
      budgets: { 'rss.max': '200 MB', 'requests.failed': 0 },
      environments: { ci: { budgets: { 'rss.max': '300 MB' } } },
    };`,
  );
  const project = await loadProject(folder);
  const [a, b, c] = project.scenarios;
  t.same(runArguments(project, a!, { keep }), [
    ...['--target', 'node server.js', '--ready', 'listening', '--load', 'hey {port}', '--idle', '1s'],
    ...['--budget', 'rss.max=100MB', '--budget', 'requests.failed=0'],
  ]);
  t.same(runArguments(project, b!, { keep }).slice(0, 3), ['steady', '--lane', 'exact']);
  t.same(runArguments(project, c!, { keep }).slice(0, 11), [
    ...[path.join(folder, 'c.har'), '--target', 'node server.js', '--ready', 'listening', '--requests'],
    ...['--one-at-a-time', '--drop-header', 'cookie', '--loop', '3'],
  ]);
  t.match(limitsOf(project, a!, 'budgets', 'ci'), { 'rss.max': '300 MB' });
  t.throws(() => limitsOf(project, a!, 'budgets', 'cii'), /there is no environment "cii"/);
});

t.test('what init writes is what is read', async (t) => {
  for (const [name, files, expected] of [
    [
      'node',
      { 'package.json': '{"scripts":{"start":"node --enable-source-maps dist/main.js"}}' },
      /^node --enable-source-maps dist\/main\.js$/,
    ],
    ['shell', { 'package.json': '{"scripts":{"start":"tsc && node x.js"},"main":"lib/a.js"}' }, /^node lib\/a\.js$/],
    ['go', { 'go.mod': 'module x' }, /^\.\/service$/],
    ['rust', { 'Cargo.toml': '[package]\nname = "shop"\n', 'src/main.rs': '' }, /^\.\/target\/release\/shop$/],
  ] as const) {
    const folder = path.join(t.testdir(), name);
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    }
    const { name: file, text } = renderConfig(draftOf(folder), false, './config.schema.json');
    writeFileSync(path.join(folder, file), text);
    const { config, scenarios } = await loadProject(folder);
    const { command } = config.targets!.service as { command: string };
    t.match(command, expected, name);
    t.equal(scenarios.length, 1);
  }
});

t.test('JSON as editors write it, and what a module exports sooner or later', async (t) => {
  const folder = t.testdir({ a: {}, b: {}, c: {}, d: {}, e: {}, f: {} });
  const read = async (at: string, file: string, text: string) => {
    writeFileSync(path.join(folder, at, file), text);
    return (await loadProject(path.join(folder, at))).config;
  };
  const wanted = { targets: { service: { url: 'http://127.0.0.1/' } } };
  const members = '"$schema": "./config.schema.json", // of floodgate\n"targets": { /* one\n alone */ "service": ';
  t.same(
    await read('a', 'floodgate.config.json', `// mine\n{ ${members}{ "url": "http://127.0.0.1/" } } }`),
    wanted,
    'with comments, and the schema',
  );
  await t.rejects(
    read('b', 'floodgate.config.json', `// mine\n{ ${members}{ "uri": "http://127.0.0.1/" } } }`),
    { message: /floodgate\.config\.json:4: .*uri/ },
    'each place has its line',
  );
  t.same(
    await read('c', 'floodgate.config.cjs', `module.exports = Promise.resolve(${JSON.stringify(wanted)})`),
    wanted,
  );
  for (const [at, file, text, kind] of [
    ['d', 'floodgate.config.cjs', 'module.exports = []', /it is a list/],
    ['e', 'floodgate.config.yaml', '- a', /it is a list/],
    ['f', 'floodgate.config.mjs', 'export default new Map()', /it is of the kind Map/],
  ] as const)
    await t.rejects(read(at, file, text), { code: 'config-invalid', message: kind });
});
