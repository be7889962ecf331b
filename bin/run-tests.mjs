// `npm test`: lint, type check, then every test; the last line counts them. Runs under the pinned Node.js.
//
//   run-tests.mjs [FOLDER|FILE …]      these, or without any everything
//     --unit | --system                only tests of this kind (test-selection.mjs says which is which)
//     --changed                        only tests that reach a file changed since this branch left main
//     --watch                          the unit tests that reach a file, whenever that file is written
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { changedFiles, rooms, testSelection, testsBelow } from './test-selection.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, 'node_modules');
/** @type {NodeJS.ProcessEnv} */
const env = { ...process.env, PATH: `${path.join(modules, '.bin')}${path.delimiter}${process.env.PATH}` };
/** Installs the package for a test, from the build that this variable names, where there is one. */
const installer = 'test/installed-package.ts';
const builtVariable = 'FLOODGATE_BUILT';
/** They wait for programs that they started two thirds of the time: one after the other they took 27 minutes on two cores, so 17. */
const systemJobs = 2;
/** Editors write a file in several steps. */
const settledMs = 200;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    unit: { type: 'boolean' },
    system: { type: 'boolean' },
    changed: { type: 'boolean' },
    watch: { type: 'boolean' },
  },
});

/** @param {string} command @param {string[]} args */
const run = (command, args) => spawnSync(command, args, { cwd: root, env, stdio: 'inherit' }).status === 0;

// node-tap loads its plugins from a module it builds; without this it would load the TypeScript one (see .taprc).
const built = path.join(modules, '.floodgate-tap-built');
if (!existsSync(built)) {
  if (!run('tap', ['build'])) process.exit(2);
  writeFileSync(built, '');
}

if (flags.watch) await watchTests();
else process.exitCode = (await runAll()) ? 0 : 1;

async function runAll() {
  const counts = { passed: 0, failed: 0, /** @type {string[]} */ skipped: [] };
  if (positionals.length === 0 && !flags.unit && !flags.system && !flags.changed) checkSources(counts);
  const selection = testSelection(root);
  let tests = (positionals.length > 0 ? positionals : rooms)
    .map((name) => path.relative(root, path.resolve(name)))
    .flatMap((name) => testsBelow(root, name));
  if (flags.changed) tests = selection.reaching(tests, changedFiles(root));
  const [unit, system] = [tests.filter(selection.isUnit), tests.filter((test) => !selection.isUnit(test))];
  if (!flags.system) await runTap(unit, availableParallelism(), counts);
  if (!flags.unit) {
    const alone = system.filter(selection.runsAlone);
    const beside = system.filter((test) => !alone.includes(test));
    await runTap(alone, 1, counts);
    await runSystem(beside, selection.reaching(beside, new Set([installer])).length > 1, counts);
  }
  for (const line of counts.skipped) process.stdout.write(`skipped: ${line}\n`);
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
  return counts.failed === 0;
}

/**
 * Two at a time. Tests of the installed package would each build it: where there are several, it is built once.
 * @param {readonly string[]} tests @param {boolean} buildsOnce @param {Counts} counts
 */
async function runSystem(tests, buildsOnce, counts) {
  if (!buildsOnce) return await runTap(tests, systemJobs, counts);
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-built-'));
  try {
    if (run(process.execPath, [path.join(root, 'bin/build.mjs'), folder])) env[builtVariable] = folder;
    await runTap(tests, systemJobs, counts);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @typedef {{ passed: number, failed: number, skipped: string[] }} Counts */

/** @param {Counts} counts */
function checkSources(counts) {
  for (const [what, command, args] of /** @type {const} */ ([
    ['lint', 'biome', ['ci', '--diagnostic-level=warn', '.']],
    ['type check', 'tsc', ['--noEmit']],
  ])) {
    if (run(command, [...args])) counts.passed += 1;
    else {
      counts.failed += 1;
      process.stdout.write(`not ok: ${what}\n`);
    }
  }
}

/**
 * Reads the tap stream itself, so that the reader sees one line a file, every failure whole, and the count.
 * @param {readonly string[]} tests @param {number} jobs @param {Counts} counts
 */
async function runTap(tests, jobs, counts) {
  if (tests.length === 0) return;
  const failedBefore = counts.failed;
  const args = ['--reporter=tap', `--jobs=${jobs}`, ...tests];
  const tap = spawn('tap', args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => tap.on('close', resolve));
  /** @type {string[]} */
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
    if (/# SKIP/i.test(line)) counts.skipped.push(line.trim());
    else if (assertion[1] && !/# TODO/i.test(line)) counts.failed += 1;
    else counts.passed += 1;
  }
  if ((await exited) !== 0 && counts.failed === failedBefore) counts.failed += 1;
}

/** Runs until it is interrupted. */
async function watchTests() {
  process.stdout.write(
    `watching ${rooms.join(', ')}; unit tests run when a file they reach is written (Ctrl-C ends it)\n`,
  );
  /** @type {Set<string>} */
  const written = new Set();
  let wake = () => {};
  for (const room of rooms) {
    watch(path.join(root, room), { recursive: true }, (_, name) => {
      if (!name?.endsWith('.ts')) return;
      written.add(path.join(room, name));
      wake();
    });
  }
  for (;;) {
    // What was written while tests ran is taken at once.
    if (written.size === 0) {
      await new Promise((resolve) => {
        wake = () => setTimeout(resolve, settledMs);
      });
    }
    const changed = new Set(written);
    written.clear();
    const selection = testSelection(root);
    const tests = rooms.flatMap((room) => testsBelow(root, room)).filter(selection.isUnit);
    const counts = { passed: 0, failed: 0, skipped: [] };
    await runTap(selection.reaching(tests, changed), availableParallelism(), counts);
    process.stdout.write(`${[...changed].join(', ')}: ${counts.passed} passed, ${counts.failed} failed\n`);
  }
}
