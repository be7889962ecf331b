// `npm run build [FOLDER]`: what is published, into dist/ or another folder. Type-checks and strips the sources, copies what
// is no TypeScript, and bundles the agent.
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
rmSync(dist, { recursive: true, force: true });
const tsc = spawnSync(path.join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json', '--outDir', dist], {
  cwd: root,
  stdio: 'inherit',
});
if (tsc.status !== 0) process.exit(tsc.status ?? 2);

// Style sheets, recordings and settings lie beside the modules that read them.
for (const room of ['agent', 'harness', 'reports', 'scenarios']) {
  for (const name of readdirSync(path.join(root, room), { recursive: true })) {
    if (!/\.(css|json|zst|gz|pcapng|proto)$/.test(name) || name.includes('testdata')) continue;
    cpSync(path.join(root, room, name), path.join(dist, room, name));
  }
}

// The agent in few files: to find and link 90 modules takes Node.js 60 ms of CPU at each start. Parts that not every run needs
// stay apart. The harness starts the modules instead: a defect takes the place of one of them.
const bundle = await rolldown({
  input: ['agent/main.ts', 'agent/commands/capture-worker.ts'],
  cwd: root,
  platform: 'node',
  // A native addon, and what is loaded by name when a body needs it.
  external: ['koffi', 'yaml'],
  onwarn: (warning) => {
    throw new Error(warning.message);
  },
});
await bundle.write({
  dir: path.join(dist, 'agent-bundle'),
  format: 'esm',
  chunkFileNames: '[name]-[hash].js',
  // What every capture needs, in one file: these two with all that they import.
  codeSplitting: { groups: [{ name: 'core', test: /agent\/commands\/(command-line|capture)\.ts$/ }] },
});
