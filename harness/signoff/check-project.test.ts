/** What `project.json` makes is held against the commands of the reports: whatever a project says, it is the same; whatever is changed, it is not. */
import path from 'node:path';
import t from 'tap';
import type { RunReport } from '../../reports/model.ts';
import type { SignedRun } from '../../reports/signoff.ts';
import { definitionOf } from '../ledger/definition.ts';
import { checkConfig } from '../project/check-config.ts';
import type { ScenarioConfig } from '../project/define.ts';
import { library } from '../project/library.ts';
import { runArguments } from '../project/run-arguments.ts';
import { Redactor } from '../redaction/redactor.ts';
import { shownCommand, withoutUserinfo } from '../requests/shown-command.ts';
import { checkCommand, projectOf, type StoredRun } from './check-project.ts';
import { Refused } from './refusal.ts';

// Nothing here is about how long it takes, on however busy a machine.
t.setTimeout(600_000);
const folder = '/srv/anna’s shop';
const redactor = new Redactor({ SHOP_TOKEN: 'plain-words-of-no-shape', PIN: 'cart' });

const targets = {
  shop: { command: "DB_PASSWORD=hunter2hunter2 node --import ./it's.mjs server.mjs", ready: 'listening on' },
  plain: { command: 'node server.mjs' },
  go: { command: './service', pprof: 'http://me:secret@127.0.0.1:6060/debug/pprof' },
  database: {
    command: 'node server.mjs --db postgres://app:Zq7Lm2Xw9Kp4@127.0.0.1/shop --hub amqp://guest@hub.example',
  },
  agent: { agent: true },
};
const scenarios: readonly (Partial<ScenarioConfig> & { readonly name: string })[] = [
  {
    name: 'load',
    target: 'plain',
    load: 'node load.mjs {port} 50',
    idle: '50ms',
    recover: '2s',
    budgets: { 'rss.max': '2 GB' },
  },
  { name: 'secret', target: 'shop', load: 'API_TOKEN=plain-words-of-no-shape node load.mjs {port}', speed: 4 },
  { name: 'quotes', target: 'plain', load: `sh -c 'echo "it is" $PORT; printf %s "a  b"'` },
  {
    name: 'requests',
    target: 'plain',
    requests: 'captures/day one.har',
    oneAtATime: true,
    rewriteHeaders: ['Authorization: Bearer abcdefgh'],
  },
  { name: 'address', target: 'go', load: 'curl http://me:secret@127.0.0.1:{port}/' },
  { name: 'database', target: 'database', load: 'node load.mjs {port} 50' },
  { name: 'above', target: 'plain', requests: '../recorded/day.pcap', loop: 3, dropHeaders: ['cookie'] },
  {
    name: 'capture',
    target: 'agent',
    capture: 'captures/burst.pcapng',
    lane: 'exact',
    impair: 'loss=1%,reorder=2%/50',
    seed: 7,
  },
  {
    name: 'flood',
    target: 'agent',
    recover: '1s',
    traffic: [
      {
        ...{ kind: 'http', arrivals: { kind: 'poisson', perSecond: 25 }, duration: '3s', keepAlive: '1..4' },
        exchanges: [{ target: '/tickets/{id}', response: { type: 'json', bytes: '1kB..6kB' } }],
      },
    ] as never,
  },
];

interface Made {
  readonly project: { scenarios: ScenarioConfig[]; targets: object };
  readonly stored: StoredRun;
}

/** As `floodgate signoff` measures and seals it. */
function made(written: ScenarioConfig, lane: SignedRun['lane'], words: readonly string[] = []): Made {
  const config = checkConfig({ targets, scenarios: [written] }, 'floodgate.config.yaml');
  const scenario = config.scenarios![0] as ScenarioConfig;
  const project = { file: `${folder}/floodgate.config.yaml`, folder, config, scenarios: [scenario] };
  const out = path.join(folder, '.floodgate/signoff-71/runs', scenario.name, lane);
  let traffic: string | undefined;
  const keep = (name: string, text: string) => {
    traffic = text;
    return path.join(out, name);
  };
  const run = runArguments(project, scenario, { keep });
  const all = [
    'run',
    ...run,
    ...words,
    '--target-dir',
    `${folder}/.floodgate/compare/checkout`,
    '--keep-measurement',
    '--out',
    out,
  ];
  const command = shownCommand(all);
  const definition = definitionOf({ command }, folder, () => traffic);
  const report = { command: redactor.command(command) } as RunReport;
  return {
    project: JSON.parse(JSON.stringify(redactor.value({ targets, scenarios: [scenario] }))),
    stored: {
      ...{ scenario: scenario.name, report, isOwnVersion: true },
      traffic: traffic && redactor.text(traffic),
      run: { lane, definition } as SignedRun,
    },
  };
}

const reasonOf = (project: unknown, stored: StoredRun): string | undefined => {
  try {
    checkCommand(projectOf(project, path.sep), stored);
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return `${error.refusals[0]!.reason}: ${error.message}`;
    throw error;
  }
};

t.test('a project comes to the commands that were run', async (t) => {
  const all = [
    ...scenarios.map((each) => made(each as ScenarioConfig, each.target === 'agent' ? 'exact' : 'load')),
    ...(await library()).map(({ name, sets }) =>
      made({ name, builtin: name, ...(sets && { sets: [...sets] }) }, 'exact', ['--lane', 'exact']),
    ),
    made({ name: 'snapshots', target: 'plain', load: 'true' }, 'load', ['--keep-snapshots']),
  ];
  for (const { project, stored } of all) {
    t.equal(reasonOf(project, stored), undefined, stored.report.command);
    t.equal(reasonOf(project, { ...stored, isOwnVersion: false }), undefined, 'of another version');
  }
});

t.test('a project that was changed does not', async (t) => {
  const load = scenarios[0] as ScenarioConfig;
  const { stored } = made(load, 'load');
  const rows: [name: string, scenario: object, targets?: object][] = [
    ['another load', { load: 'node load.mjs {port} 5' }],
    ['no load', { load: undefined, builtin: 'steady' }],
    ['less time', { recover: '1s' }],
    ['a pace', { speed: 2 }],
    ['a target of the same name', {}, { plain: { command: 'true' } }],
    ['another target', { target: 'shop' }],
    ['a recording', { load: undefined, requests: 'day.har' }],
  ];
  for (const [name, change, other] of rows) {
    const changed = checkConfig(
      { targets: { ...targets, ...other }, scenarios: [JSON.parse(JSON.stringify({ ...load, ...change }))] },
      'project.json',
    );
    t.match(reasonOf(JSON.parse(JSON.stringify(changed)), stored), /^project-differs: /, name);
  }
  const flood = made(scenarios.find(({ name }) => name === 'flood') as ScenarioConfig, 'exact');
  t.match(
    reasonOf(flood.project, { ...flood.stored, traffic: `${flood.stored.traffic}# more\n` }),
    /^project-differs: .*traffic/,
  );
  t.match(reasonOf(flood.project, { ...flood.stored, traffic: undefined }), /^project-differs: .*traffic/);
  const { project, stored: plain } = made(load, 'load');
  t.match(reasonOf(project, { ...plain, run: { ...plain.run, definition: '0'.repeat(16) } }), /^verdict-differs: /);
  t.match(reasonOf({ ...project, scenarios: 1 }, plain), /^data-invalid: project\.json/);
  // What is known around a secret that was taken out is held, and the mark ends no check.
  const secret = made(scenarios[1] as ScenarioConfig, 'load');
  const other = { ...secret.stored.report, command: secret.stored.report.command.replace('run', 'run other') };
  t.match(reasonOf(secret.project, { ...secret.stored, report: other }), /^project-differs: /);
  const mark = '*REDACTED*';
  const marked: [name: string, project: (text: string) => string, command: (text: string) => string][] = [
    ['a mark in the project alone', (text) => text.replace('node load.mjs {port} 50', `node ${mark}`), (text) => text],
    ['a mark in the command alone', (text) => text, (text) => text.replace('node load.mjs {port} 50', `node ${mark}`)],
    [
      'a mark in both, and another load behind it',
      (text) => text.replace('load.mjs {port} 50', `${mark} load.mjs {port} 50`),
      (text) => text.replace('load.mjs {port} 50', `${mark} other.mjs`),
    ],
    [
      'a mark in both, in other places',
      (text) => text.replace('server.mjs', mark),
      (text) => text.replace('load.mjs', mark),
    ],
    [
      'a mark that hides the rest of the command',
      (text) => text.replace('server.mjs', mark),
      (text) => text.replace(/--load.*/, `--x: ${mark}`),
    ],
    ['a mark where the command was put', (text) => text, (text) => text.replace(/--out .*/, `--out ${mark}`)],
  ];
  for (const [name, ofProject, ofCommand] of marked) {
    const bent = JSON.parse(ofProject(JSON.stringify(project)));
    const command = ofCommand(plain.report.command);
    const found = reasonOf(bent, { ...plain, report: { ...plain.report, command } });
    t.match(found ?? 'taken', name.endsWith('was put') ? /^(taken|project-differs)/ : /^project-differs: /, name);
  }
  const headed = made(scenarios[3] as ScenarioConfig, 'load');
  t.equal(reasonOf(headed.project, headed.stored), undefined, headed.stored.report.command);
  for (const [from, to] of [
    ['--one-at-a-time', '--topspeed'],
    ['node server.mjs', 'true'],
    ['day one.har', 'day two.har'],
  ] as const) {
    const { command } = headed.stored.report;
    const bent = { ...headed.stored.report, command: command.replace(from, to) };
    t.match(reasonOf(headed.project, { ...headed.stored, report: bent }), /^project-differs: /, `${from} is ${to}`);
  }
});

t.test('a password in an address of a command leaves its mark, which earlier versions did not', (t) => {
  const { project, stored } = made(scenarios.find(({ name }) => name === 'database') as ScenarioConfig, 'load');
  const { command } = stored.report;
  t.match(command, '--db postgres://app:*REDACTED*@127.0.0.1/shop --hub amqp://*REDACTED*@hub.example');
  const report = { ...stored.report, command: withoutUserinfo(command) };
  const other = { ...stored, report, isOwnVersion: false };
  t.equal(reasonOf(project, other), undefined, report.command);
  t.match(reasonOf(project, { ...other, isOwnVersion: true }), /^project-differs/);
  t.end();
});
