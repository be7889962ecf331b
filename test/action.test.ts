// The GitHub action, run as a runner runs it: its steps in bash, with the runner's variables.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

// Real runs, one after the other.
t.setTimeout(240_000);

const root = path.resolve(import.meta.dirname, '..');
interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly shell: string;
  readonly run: string;
  readonly env?: Record<string, string>;
}
const action = parse(readFileSync(path.join(root, 'action.yml'), 'utf8')) as {
  inputs: Record<string, { default: string }>;
  runs: { using: string; steps: Step[] };
};

type Outputs = Record<string, string>;

/** Every step in its order, as a runner does it: outputs by `id`, after a failure only what says `always()`. */
function runAction(folder: string, inputs: Record<string, string>, environment: NodeJS.ProcessEnv = {}) {
  const outputs = new Map<string, Outputs>();
  const valueIn = (expression: string): string => {
    const [, input] = /^inputs\.(\w+)$/.exec(expression) ?? [];
    if (input !== undefined) return inputs[input] ?? action.inputs[input]!.default;
    const [, step, name] = /^steps\.(\w+)\.outputs\.(\w+)$/.exec(expression)!;
    return outputs.get(step!)?.[name!] ?? '';
  };
  let failed = 0;
  let output = '';
  for (const [index, step] of action.runs.steps.entries()) {
    if (!isWanted(step.if ?? 'success()', failed === 0, valueIn)) continue;
    const env = Object.fromEntries(
      Object.entries(step.env ?? {}).map(([name, value]) => [
        name,
        value.replace(/\$\{\{ ([\w.]+) \}\}/g, (_, expression: string) => valueIn(expression)),
      ]),
    );
    const outputFile = path.join(folder, `output-${index}`);
    writeFileSync(outputFile, '');
    const { status, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        ...process.env,
        ...environment,
        ...env,
        GITHUB_ACTION_PATH: root,
        GITHUB_OUTPUT: outputFile,
        GITHUB_STEP_SUMMARY: path.join(folder, 'summary.md'),
      },
    });
    output += stderr;
    if (status !== 0 && failed === 0) failed = status ?? -1;
    if (step.id !== undefined) outputs.set(step.id, outputsOf(readFileSync(outputFile, 'utf8')));
  }
  const summary = path.join(folder, 'summary.md');
  return {
    status: failed,
    stderr: output,
    report: outputs.get('run')?.report,
    summary: existsSync(summary) ? readFileSync(summary, 'utf8') : '',
  };
}

function outputsOf(text: string): Outputs {
  return Object.fromEntries(text.split('\n').flatMap((line) => (line === '' ? [] : [line.split(/=(.*)/, 2)])));
}

/** The conditions that the action has, joined by &&. */
function isWanted(condition: string, isWell: boolean, valueIn: (expression: string) => string): boolean {
  const terms = condition.split(' && ');
  if (!isWell && !terms.includes('always()')) return false;
  return terms.every((term) => {
    if (term === 'always()' || term === 'success()') return true;
    if (term === "runner.os == 'Linux'") return process.platform === 'linux';
    return valueIn(/^([\w.]+) != ''$/.exec(term)![1]!) !== '';
  });
}

t.test('a run within budget passes, with its report as the job’s summary', (t) => {
  const folder = t.testdir();
  const { status, stderr, report, summary } = runAction(folder, { run: 'run steady --lane exact --size 2MB' });
  t.equal(status, 0, stderr);
  t.equal(report, 'floodgate-report');
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

t.test('with a base it compares, and the summary is the comparison', (t) => {
  const folder = t.testdir({
    'server.mjs': `import { createServer } from 'node:http';
createServer((_request, response) => response.end(JSON.stringify(Array.from({ length: 50 }, (_, i) => i)))).listen(process.env.PORT);
`,
    'load.mjs':
      'const url = "http://127.0.0.1:" + process.argv[2];\nfor (let i = 0; i < 500; i += 1) await (await fetch(url)).text();\n',
    'floodgate.config.mjs': `export default {
  targets: { service: { command: 'node server.mjs' } },
  scenarios: [{ name: 'all', load: 'node load.mjs {port}', idle: '200ms', recover: '200ms' }],
};
`,
  });
  const git = (...words: string[]) =>
    spawnSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...words], { cwd: folder });
  for (const words of [
    ['init', '-qb', 'main'],
    ['add', '.'],
    ['commit', '-qm', 'service'],
  ])
    git(...words);
  const { status, summary, stderr } = runAction(
    folder,
    { base: 'main', out: 'runs/compared', comment: 'true' },
    { GITHUB_ACTIONS: 'true' },
  );
  t.equal(status, 0, stderr);
  t.match(summary, /^<!-- floodgate-compare -->\n### ✅ WITHIN: /);
  const unknown = runAction(folder, { base: '--exec=touch hacked', out: 'runs/none' });
  t.equal(unknown.status, 2);
  t.match(unknown.summary, /is no commit, branch or tag/);
  t.notOk(existsSync(path.join(folder, 'hacked')));
  t.end();
});

t.test('quotes hold words together', (t) => {
  const folder = t.testdir({ 'my server.mjs': 'console.log(process.argv[2]);\nsetTimeout(() => {}, 2_000);\n' });
  const { status, stderr, summary } = runAction(folder, {
    run: `run --target "node 'my server.mjs' --port" --budget rss.max=500MB`,
    out: 'a report',
  });
  t.equal(status, 0, stderr);
  t.match(summary, /rss/);
  t.ok(existsSync(path.join(folder, 'a report/report.json')));
  t.end();
});

t.test('what could not run says why in the summary', (t) => {
  const { status, summary } = runAction(t.testdir(), { run: 'run steady --budget "rss.max=``` nothing"' });
  t.equal(status, 2);
  t.match(summary, /floodgate made no report \(exit code 2\)\n\n````text\n/, 'in a fence that nothing in it ends');
  t.match(summary, /is not an amount/);
  t.match(runAction(t.testdir(), { run: 'gaet' }).summary, /exit code 2[\s\S]*gaet/);
  t.end();
});

t.test('no development dependencies, no install scripts', (t) => {
  const folder = t.testdir();
  // npm itself is not run: the test looks at its arguments.
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'npm'), `#!/bin/sh\necho "$@" > "${folder}/asked"\n`);
  chmodSync(path.join(bin, 'npm'), 0o755);
  mkdirSync(path.join(folder, 'package', 'bin'), { recursive: true });
  const copy = path.join(folder, 'package/bin/ensure-installed.mjs');
  writeFileSync(copy, readFileSync(path.join(root, 'bin/ensure-installed.mjs')));
  writeFileSync(path.join(folder, 'package/package-lock.json'), '{}');
  const step = action.runs.steps.find(({ id }) => id === 'run')!;
  const install = step.run.split('\n').find((line) => line.includes('ensure-installed'))!;
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, GITHUB_ACTION_PATH: path.join(folder, 'package') };
  t.equal(spawnSync('bash', ['-c', install], { env }).status, 0);
  t.match(readFileSync(path.join(folder, 'asked'), 'utf8'), /^ci --omit=dev --ignore-scripts /);
  t.equal(readFileSync(path.join(root, '.npmrc'), 'utf8'), 'ignore-scripts=true\n');
  t.end();
});

t.test('the runner is left as it was, also after a failure', { skip: process.platform !== 'linux' }, (t) => {
  const folder = t.testdir({ value: '1' });
  // No setting of the machine that runs this test is touched: the two programs work on a file.
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  const value = path.join(folder, 'value');
  const sysctl = `#!/bin/sh\ncase "$1" in -n) cat "${value}";; *) echo "\${3#*=}" > "${value}"; echo "$3" >> "${folder}/set";; esac\n`;
  for (const [name, text] of Object.entries({ sysctl, sudo: '#!/bin/sh\nshift\nexec "$@"\n' })) {
    writeFileSync(path.join(bin, name), text);
    chmodSync(path.join(bin, name), 0o755);
  }
  const { status } = runAction(folder, { run: 'gaet' }, { PATH: `${bin}:${process.env.PATH}` });
  t.equal(status, 2);
  const key = 'kernel.apparmor_restrict_unprivileged_userns';
  t.equal(readFileSync(path.join(folder, 'set'), 'utf8'), `${key}=0\n${key}=1\n`);
  t.equal(readFileSync(value, 'utf8').trim(), '1');
  writeFileSync(path.join(folder, 'set'), '');
  writeFileSync(value, '0');
  runAction(folder, { run: 'gaet' }, { PATH: `${bin}:${process.env.PATH}` });
  t.equal(readFileSync(path.join(folder, 'set'), 'utf8'), '', 'what was allowed stays allowed');
  t.end();
});
