/** What GitHub and the tools around the repository read: it parses, and names only what exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

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
