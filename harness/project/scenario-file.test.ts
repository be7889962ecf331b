/** Scenarios in files of their own: what they say, and what is said of what is wrong with them. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { defectNames } from '../scenario/catalogue.ts';
import { traffic } from '../traffic/flood/builders.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import { loadProject } from './find-config.ts';
import { findScenario, findTypedScenario, library, moduleScenario } from './library.ts';
import { runArguments } from './run-arguments.ts';

const rush = `name: rush
seed: 7
impair: loss=1%
profile: step=2kpps/1s
budgets: { rss.max: 120 MB, extra.messages: 0 }
traffic:
  - kind: http
    arrivals: { kind: poisson, perSecond: 100 }
    duration: 1s
    exchanges: [{ response: { type: json, bytes: 1kB..4kB } }]
`;

t.test('a file says what builders say', async (t) => {
  const file = path.join(t.testdir({ 'rush.yaml': rush }), 'rush.yaml');
  const { scenario, order } = await findScenario(file);
  t.match(scenario, { name: 'rush', seed: 7, lanes: ['tap', 'exact'] });
  t.same(scenario.pace, { kind: 'profile', unit: 'frames', parts: [{ kind: 'step', rate: 2_000, seconds: 1 }] });
  t.same(scenario.budget, { 'dropped.frames': 0, 'missed.messages': 0, 'rss.max': 120e6, 'extra.messages': 0 });
  const plan = traffic.flood(
    traffic.http({
      arrivals: traffic.poisson(100),
      duration: '1s',
      exchanges: [traffic.exchange({ response: traffic.json('1kB..4kB') })],
    }),
  );
  t.match(order(7, undefined), {
    kind: 'flood',
    plan,
    options: { seed: 7 },
    impair: { seed: 7, impairments: [{ kind: 'loss' }] },
  });
});

t.test('what is wrong is said with its line, and the nearest name', async (t) => {
  const folder = t.testdir();
  const fault = async (text: string) => {
    const file = path.join(folder, 's.yaml');
    writeFileSync(file, text);
    return findScenario(file).then(
      () => '',
      ({ message, hint }) => `${message}\n${hint}`,
    );
  };
  const part = (text: string) =>
    `name: x\ntraffic:\n  - kind: http\n    arrivals: { kind: constant, perSecond: 1 }\n    duration: 1s\n${text}`;
  const good = '    exchanges: [{}]\n';
  t.equal(await fault(part(good)), '');
  t.match(await fault(`nmae: x\n`), /s\.yaml:1: nmae: there is no such name; is "name" meant\?/);
  t.match(await fault(`${part(good)}bugdets: {}\n`), /s\.yaml:7: bugdets: .*is "budgets" meant/);
  t.match(await fault(part(`    exchnages: [{}]\n`)), /s\.yaml:6: traffic\.0\.exchnages: .*is "exchanges" meant/);
  t.match(
    await fault(part(`    exchanges:\n      - response: { typ: json, bytes: 1kB }\n`)),
    /s\.yaml:7: .*response\.type: it is missing/,
  );
  t.match(
    await fault(part(`    exchanges:\n      - {}\n      - response: { type: jsn, bytes: 1kB }\n`)),
    /s\.yaml:8: .*there is no "jsn"; is "json" meant\?/,
  );
  t.match(
    await fault(part(good).replace('constant', 'poison')),
    /s\.yaml:4: traffic\.0\.arrivals\.kind: there is no "poison"; is "poisson" meant/,
  );
  t.match(await fault(part(good).replace('1s', 'soon')), /s\.yaml:5: traffic\.0\.duration: a time such as/);
  t.match(
    await fault(part(`    exchanges: [{ response: { type: json, bytes: lots } }]\n`)),
    /s\.yaml:6: .*bytes: a size such as "2kB"/,
  );
  t.match(await fault(part(good).replace('http', 'htp')), /traffic\.0\.kind: there is no "htp"; is "http" meant/);
  t.match(await fault('name: x\ntraffic: [\n'), /s\.yaml:\d: /);
  t.match(await fault('name: x\n'), /sends nothing/);
  t.match(await fault('name: x\nload: ./load.sh\n'), /has load, which is for targets of a configuration/);
  t.match(await fault('name: x\nbuiltin: steady\ncapture: a.pcap\n'), /more than one of capture and builtin/);
  t.match(await fault('name: x\nbuiltin: steady\npps: 3\nprofile: step=1pps/1s\n'), /more than one of pps and profile/);
  t.match(
    await fault('name: x\nbuiltin: steady\nbudgets: { rss.mx: 1 }\n'),
    /s\.yaml:3: budgets\.rss\.mx: there is no metric "rss\.mx"; is "rss\.max" meant\?/,
  );
  t.match(
    await fault('name: x\nbuiltin: steady\nimpair: los=1%\n'),
    /s\.yaml:3: impair: "los=1%" names no impairment\. .*loss/,
  );
  for (const range of [
    'response: { type: json, bytes: 9kB..5kB }',
    'response: { type: json, bytes: 1MB..9kB }',
    'fields: { count: 9..5, bytes: 10B }',
    'fields: { count: 5, bytes: 9B..5B }',
  ]) {
    t.match(await fault(part(`    exchanges:\n      - { ${range} }\n`)), /s\.yaml:7: .*the range is reversed/);
  }
  t.match(await fault(part(good).replace('1s', '5s..1s')), /s\.yaml:5: traffic\.0\.duration: the range is reversed/);
  t.match(await fault(part(`${good}    keepAlive: 9..2\n`)), /keepAlive: the range is reversed/);
  t.match(await fault(part(`    exchanges: [{ response: { type: json, bytes: 900MB } }]\n`)), /bytes: at most 128 MiB/);
  t.match(await fault('name: x\nbuiltin: stedy\n'), /there is no scenario "stedy"\n.*steady/);
});

t.test('a configuration holds floods, and finds files beside captures', async (t) => {
  const folder = t.testdir({
    'floodgate.config.yaml': `scenarios: ['./floods/*.yaml', { name: inline, pps: 500, traffic: [{ kind: half-open, arrivals: { kind: at-once, connections: 3 }, duration: 1s }] }]\n`,
    floods: { 'a.yaml': 'name: a\nsets: [smoke]\ncapture: ./a.pcap\nimpair: loss=1%\n' },
  });
  const project = await loadProject(folder);
  const kept: string[] = [];
  const words = project.scenarios.map((scenario) =>
    runArguments(project, scenario, {
      keep: (name, text) => {
        kept.push(text);
        return `/kept/${name}`;
      },
    }),
  );
  t.same(words[0], [path.join(folder, 'floods', 'a.pcap'), '--impair', 'loss=1%']);
  t.same(words[1], ['/kept/traffic.yaml', '--pps', '500']);
  t.match(kept, [/^name: inline\ntraffic:\n {2}- kind: half-open\n/]);
});

t.test('the library is whole', async (t) => {
  const all = await library();
  const release = all.filter(({ sets = [] }) => sets.includes('release'));
  t.ok(release.length >= 24, `${release.length} of ${all.length} scenarios`);
  t.same([...new Set(all.map(({ group }) => group))], ['article', 'network', 'protocol', 'load', 'hostile']);
  const smoke = all.filter(({ sets = [] }) => sets.includes('smoke')).length;
  t.ok(smoke >= 8 && smoke <= 14, `${smoke} in smoke`);
  for (const { name, about = '' } of all) t.ok(about.length > 100, `${name} says what it stands for`);
  for (const { name, brokenBy, budget } of release) {
    t.ok(defectNames().includes(brokenBy!), `${name} is broken by a defect that there is`);
    t.equal(budget['dropped.frames'], 0);
  }
});

t.test('floods of the library are made as they say', async (t) => {
  for (const name of ['half-open-flood', 'closed-with-queue', 'skewed-mirror']) {
    const { scenario, order } = await findScenario(name);
    const made = await openTraffic({ ...order(scenario.seed, 1_000_000), countsMessages: true });
    let frames = 0;
    while (made.read({ frame: () => void (frames += 1) }, 1_000) >= 0);
    const truth = made.truth()!;
    t.ok(frames > 500 && truth.requestsIntact > 5, `${name}: ${frames} frames, ${truth.requestsIntact} requests`);
    made.close();
  }
});

t.test('a program is run where a person typed it, and never where a report names it', async (t) => {
  const plan = { name: 'rush', capture: 'own.pcap', lane: 'exact', budgets: { 'rss.max': '120 MB' } };
  const folder = t.testdir({
    'rush.mts': `const name: string = 'rush';\nexport default { ...${JSON.stringify(plan)}, name };\n`,
    'bad.mjs': 'export default { name: "bad", trafic: [] };\n',
    'none.mjs': 'export const x = 1;\n',
  });
  const file = path.join(folder, 'rush.mts');
  const { scenario, order } = await findTypedScenario(file);
  t.match(scenario, { name: 'rush', lanes: ['exact'], budget: { 'rss.max': 120e6 } });
  t.match(order(1, undefined), { kind: 'recording', path: path.join(folder, 'own.pcap') });
  t.match(await moduleScenario(file), { capture: path.join(folder, 'own.pcap') });
  await t.rejects(findScenario(file), { code: 'option-invalid', message: /is a program/ });
  await t.rejects(findTypedScenario(path.join(folder, 'bad.mjs')), { message: /trafic/ });
  await t.rejects(findTypedScenario(path.join(folder, 'none.mjs')), { message: /exports no default/ });
  await t.rejects(findTypedScenario(path.join(folder, 'gone.ts')), { code: 'config-invalid' });
});
