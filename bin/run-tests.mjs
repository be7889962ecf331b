// `npm test`: lint, type check, then every test; the last line counts them. Runs under the pinned Node.js.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, 'node_modules');
const env = { ...process.env, PATH: `${path.join(modules, '.bin')}${path.delimiter}${process.env.PATH}` };
const run = (command, args) => spawnSync(command, args, { cwd: root, env, stdio: 'inherit' }).status === 0;

// node-tap loads its plugins from a module it builds; without this it would load the TypeScript one (see .taprc).
const built = path.join(modules, '.floodgate-tap-built');
if (!existsSync(built)) {
  if (!run('tap', ['build'])) process.exit(2);
  writeFileSync(built, '');
}

let failed = 0;
let passed = 0;
// `npm test -- agent/tcp` means every test below that folder.
const testsBelow = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.join(folder, name));
const isFolder = (name) => statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
const selected = process.argv.slice(2).flatMap((name) => (isFolder(name) ? testsBelow(name) : [name]));
if (selected.length === 0) {
  for (const [what, command, args] of [
    ['lint', 'biome', ['ci', '--diagnostic-level=warn', '.']],
    ['type check', 'tsc', ['--noEmit']],
  ]) {
    if (run(command, args)) passed += 1;
    else {
      failed += 1;
      process.stdout.write(`not ok: ${what}\n`);
    }
  }
}

// The tap stream is read here, so that what the reader sees is one line a file, every failure whole, and the count.
const tap = spawn('tap', ['--reporter=tap', ...selected], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
const skipped = [];
let failing = [];
for await (const line of createInterface({ input: tap.stdout })) {
  const assertion = /^\s*(not )?ok \d+ - (.*)$/.exec(line);
  const top = /^(not )?ok \d+ - (\S+\.ts)/.exec(line);
  if (top) {
    process.stdout.write(`${top[1] ? '✗' : '✓'} ${line.replace(/^(not )?ok \d+ - /, '')}\n`);
    if (top[1]) process.stdout.write(`${failing.join('\n')}\n`);
    failing = [];
    continue;
  }
  if (/^# Subtest/.test(line)) failing = [];
  else if (failing.length < 400 && !/^\s*ok /.test(line)) failing.push(line);
  if (!assertion || / # time=/.test(line)) continue;
  if (/# SKIP/i.test(line)) skipped.push(line.trim());
  else if (assertion[1] && !/# TODO/i.test(line)) failed += 1;
  else passed += 1;
}
const status = await new Promise((resolve) =>
  tap.exitCode === null ? tap.on('exit', resolve) : resolve(tap.exitCode),
);
if (status !== 0 && failed === 0) failed = 1;
for (const line of skipped) process.stdout.write(`skipped: ${line}\n`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
