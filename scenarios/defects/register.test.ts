import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { defectArguments, defectNames } from '../../harness/scenario/catalogue.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

function run(nodeArguments: string[], program: string) {
  return spawnSync(process.execPath, [...nodeArguments, '--input-type=module', '-e', program], {
    cwd: root,
    encoding: 'utf8',
  });
}

for (const name of defectNames()) {
  t.test(`${name} takes the place of what it names, and has its surface`, async (t) => {
    const { replaces } = (await import(`./${name}/replaces.ts`)) as { replaces: Record<string, string> };
    for (const module of Object.keys(replaces)) {
      // Through a module that imports it in its own way, as in the agent.
      const program = `
        import { inspect } from 'node:util';
        import * as seen from './${module}';
        const textOf = (value) => (typeof value === 'function' ? String(value) : inspect(value));
        console.log(JSON.stringify(Object.keys(seen).sort()), Object.values(seen).map(textOf).join(''));`;
      const real = run([], program);
      const defective = run([...(await defectArguments(name)).node], program);
      t.equal(real.status, 0, real.stderr);
      t.equal(defective.status, 0, defective.stderr);
      t.not(real.stdout, defective.stdout);
      const namesOf = (output: string) => JSON.parse(output.slice(0, output.indexOf(']') + 1)) as string[];
      const missing = namesOf(real.stdout).filter((each) => !namesOf(defective.stdout).includes(each));
      t.same(missing, [], `every export of ${module} is there`);
    }
  });
}

t.test('an unknown defect, or none, stops the target before it runs', async (t) => {
  const register = new URL('./register.ts', import.meta.url).href;
  for (const query of ['?defect=no-such-thing', '?defect=../../agent', '']) {
    const { status, stdout } = run(['--import', register + query], "console.log('ran')");
    t.not(status, 0, query);
    t.equal(stdout, '');
  }
  await t.rejects(defectArguments('no-such-thing'), { code: 'defect-unknown', exitCode: 2 });
});

t.test('the agent holds no trace of defects', (t) => {
  for (const file of readdirSync(`${root}/agent`, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    t.notMatch(readFileSync(`${root}/agent/${file}`, 'utf8'), /scenarios\/|register\.ts/, file);
  }
  t.ok(readdirSync(folder).length > 0);
  t.end();
});

t.test('several defects stand in their places at once, unless two want the same', async (t) => {
  const { node, agent, until } = await defectArguments('reassembly-unbounded, reflective-hash');
  // Not as imports, which the rules of the house would take for this file's own.
  const program = `
    const [{ Assembler }, { addKeyed }] = await Promise.all(['tcp/assembler', 'digest/digest'].map((name) => import('./agent/' + name + '.ts')));
    console.log(String(Assembler).includes('#queuePages'), String(addKeyed).includes('dataDigest'));`;
  t.equal(run([...node], program).stdout, 'true true\n');
  t.same(agent, ['--memory-ceiling', '64GB']);
  t.equal(until, 'witnesses');
  await t.rejects(defectArguments('reassembly-unbounded,pages-per-interface'), {
    code: 'defect-conflict',
    exitCode: 2,
  });
});
