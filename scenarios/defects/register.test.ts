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

interface Surface {
  readonly names: readonly string[];
  /** What it exports, as text. */
  readonly text: string;
}

/** What modules export as an agent sees them: through a module that imports them in its own way. */
function surfacesOf(nodeArguments: readonly string[], modules: readonly string[]): Record<string, Surface> {
  const program = `
    import { inspect } from 'node:util';
    const textOf = (value) => (typeof value === 'function' ? String(value) : inspect(value));
    const surfaces = {};
    for (const module of ${JSON.stringify(modules)}) {
      const seen = await import('./' + module);
      surfaces[module] = { names: Object.keys(seen), text: Object.values(seen).map(textOf).join('') };
    }
    console.log(JSON.stringify(surfaces));`;
  const { status, stdout, stderr } = run([...nodeArguments], program);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

t.test('each defect takes the place of what it names, and has its surface', async (t) => {
  const modulesOf = new Map<string, string[]>();
  for (const name of defectNames()) {
    const { replaces } = (await import(`./${name}/replaces.ts`)) as { replaces: Record<string, string> };
    modulesOf.set(name, Object.keys(replaces));
  }
  const real = surfacesOf([], [...new Set([...modulesOf.values()].flat())]);
  for (const [name, modules] of modulesOf) {
    const defective = surfacesOf((await defectArguments(name)).node, modules);
    for (const module of modules) {
      t.not(defective[module]!.text, real[module]!.text, `${name}: ${module}`);
      const missing = real[module]!.names.filter((each) => !defective[module]!.names.includes(each));
      t.same(missing, [], `${name}: every export of ${module} is there`);
    }
  }
});

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
