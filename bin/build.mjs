// `npm run build [FOLDER]`: what is published, into dist/ or another folder. Type-checks and strips the sources, copies the
// files that are not TypeScript, and bundles the agent.
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleAgent } from './bundle-agent.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
rmSync(dist, { recursive: true, force: true });
/** @param {string[]} words more options of the compiler's */
function compile(words) {
  const { status } = spawnSync(
    path.join(root, 'node_modules/.bin/tsc'),
    ['-p', 'tsconfig.build.json', '--outDir', dist, ...words],
    { cwd: root, stdio: 'inherit' },
  );
  if (status !== 0) process.exit(status ?? 2);
}
// Comments are for who reads the sources, and, in the types, for who imports them.
compile(['--removeComments', '--declaration', 'false']);
compile(['--emitDeclarationOnly']);

// Style sheets, recordings, settings and scenarios lie beside the modules that read them. Source maps of kernels are for who builds them.
for (const room of ['agent', 'harness', 'reports', 'scenarios']) {
  for (const name of readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' })) {
    if (!/\.(css|json|yaml|zst|gz|pcapng|proto|generated\.js)$/.test(name) || /testdata|(^|\/)kernels\//.test(name))
      continue;
    cpSync(path.join(root, room, name), path.join(dist, room, name));
  }
}

// Types of what a program can import, and of what that names; the others are for nobody.
const typed = new Set([path.join(dist, 'harness/api/api.d.ts')]);
for (const file of typed) {
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()'(\.[^']+)\.ts'/g)) {
    typed.add(path.resolve(path.dirname(file), `${name}.d.ts`));
  }
}
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  const file = path.join(dist, name);
  if (name.endsWith('.d.ts') && !typed.has(file)) rmSync(file);
}

await bundleAgent(root, path.join(dist, 'agent-bundle'));
