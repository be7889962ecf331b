// The GitHub action, run as a runner runs it: its steps in bash, with the runner's variables.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

// Real runs, one after the other.
t.setTimeout(240_000);

const root = path.resolve(import.meta.dirname, '..');
interface Step {
  readonly id?: string;
  readonly shell: string;
  readonly run: string;
  readonly env?: Record<string, string>;
}
const action = parse(readFileSync(path.join(root, 'action.yml'), 'utf8')) as {
  inputs: Record<string, { default: string }>;
  runs: { using: string; steps: Step[] };
};

function runAction(folder: string, inputs: Record<string, string>) {
  const step = action.runs.steps.find(({ id }) => id === 'run')!;
  const values = (text: string) =>
    text.replace(/\$\{\{ inputs\.(\w+) \}\}/g, (_, name: string) => inputs[name] ?? action.inputs[name]!.default);
  const env = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, values(value)]));
  const { status, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      ...env,
      GITHUB_ACTION_PATH: root,
      GITHUB_OUTPUT: path.join(folder, 'output'),
      GITHUB_STEP_SUMMARY: path.join(folder, 'summary.md'),
    },
  });
  const read = (name: string) =>
    existsSync(path.join(folder, name)) ? readFileSync(path.join(folder, name), 'utf8') : '';
  return { status, stderr, output: read('output'), summary: read('summary.md') };
}

t.test('a run within budget passes, with its report as the job’s summary', (t) => {
  const folder = t.testdir();
  const { status, stderr, output, summary } = runAction(folder, { run: 'run steady --lane exact --size 2MB' });
  t.equal(status, 0, stderr);
  t.equal(output, 'report=floodgate-report\n');
  t.match(summary, /rss\.p99/);
  t.ok(existsSync(path.join(folder, 'floodgate-report/junit.xml')));
  t.end();
});

t.test('a run over budget fails the job, and its summary says why', (t) => {
  const { status, summary } = runAction(t.testdir(), {
    run: 'run steady --lane exact --size 2MB --budget rss.max=10MB',
  });
  t.equal(status, 1);
  t.match(summary, /rss\.max/);
  t.end();
});

t.test('what an input says is never run as a command', (t) => {
  const folder = t.testdir();
  const { status } = runAction(folder, { run: 'run steady; touch hacked $(touch hacked) `touch hacked`' });
  t.equal(status, 2);
  t.notOk(existsSync(path.join(folder, 'hacked')));
  t.end();
});
