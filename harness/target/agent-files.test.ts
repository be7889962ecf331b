/** Which files of an agent are measured: the bundle, where it is there and of these sources. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { agentFilesIn } from './agent-files.ts';

/** A checkout with two sources and what was bundled of them. */
function checkout(name: string): string {
  const root = path.join(t.testdirName, name);
  const texts = { 'agent/main.ts': 'main', 'node_modules/commander/index.js': 'commander' };
  for (const [file, text] of Object.entries(texts)) write(root, file, text);
  write(root, 'dist/agent-bundle/main.js', 'main, commander');
  const digests = Object.entries(texts).map(([file, text]) => [file, createHash('sha256').update(text).digest('hex')]);
  write(root, 'dist/agent-bundle/sources.json', JSON.stringify(Object.fromEntries(digests)));
  return root;
}

function write(root: string, file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
}

const fromSources = { file: /agent\/main\.ts$/, words: 'from sources' };
const bundled = { file: /dist\/agent-bundle\/main\.js$/, words: 'as published' };

t.testdir({});

t.test('a bundle of these sources is what is measured', (t) => {
  t.match(agentFilesIn(checkout('fresh')), { modules: fromSources, published: bundled });
  t.end();
});

for (const [name, change] of [
  ['another source', (root: string) => write(root, 'agent/main.ts', 'changed')],
  ['another package', (root: string) => write(root, 'node_modules/commander/index.js', 'newer')],
  ['a source less', (root: string) => rmSync(path.join(root, 'node_modules/commander/index.js'))],
  ['no list', (root: string) => rmSync(path.join(root, 'dist/agent-bundle/sources.json'))],
  ['a list that was cut short', (root: string) => write(root, 'dist/agent-bundle/sources.json', '{"agent/main.ts":')],
  ['a list of nothing', (root: string) => write(root, 'dist/agent-bundle/sources.json', '{}')],
  ['no bundle behind the list', (root: string) => rmSync(path.join(root, 'dist/agent-bundle/main.js'))],
] as const) {
  t.test(`${name}: the sources are measured, and it is said`, (t) => {
    const root = checkout(name.replaceAll(' ', '-'));
    change(root);
    t.match(agentFilesIn(root), { modules: fromSources, published: fromSources });
    t.end();
  });
}

t.test('an installed package has no sources to compare with', (t) => {
  const root = path.join(t.testdir({}), 'node_modules', 'floodgate');
  t.equal(agentFilesIn(root), undefined);
  write(root, 'dist/agent/main.js', 'main');
  const modules = { file: /dist\/agent\/main\.js$/, words: 'module by module' };
  t.match(agentFilesIn(root), { modules, published: modules }, 'of an older version, without a bundle');
  write(root, 'dist/agent-bundle/main.js', 'main, commander');
  t.match(agentFilesIn(root), { modules, published: bundled });
  t.end();
});
