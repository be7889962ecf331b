/** That a native program's memory is charged to its functions and lines, where a heap profiler and a compiler are here. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import type { PreloadOptions } from '../preload/options.ts';
import { byFunction, top } from '../profile/arithmetic.ts';
import { readInterval } from '../profile/files.ts';
import { PreloadChannel } from '../watch/preload-channel.ts';
import { findHeapProfiler } from './malloc-channel.ts';
import { openTarget } from './open-target.ts';

t.setTimeout(60_000);
const profiler = findHeapProfiler();
const lacks = [
  ...(profiler?.name === 'jemalloc' ? [] : ['libjemalloc2']),
  ...(spawnSync('gcc', ['--version']).error ? ['gcc'] : []),
  ...(spawnSync('addr2line', ['--version']).error ? ['binutils'] : []),
];
const skip = lacks.length > 0 ? { skip: `NOT INSTALLED: ${lacks.join(', ')}: native call sites are not tested` } : {};

/** 160 MB stay, 400 go, by the lines that are named: of 64 KiB a sample, known to 2 %. */
const source = `#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stdio.h>
char *volatile table[160000];
__attribute__((noinline)) static void keep_record(int i) {
  table[i] = malloc(1000);
  memset(table[i], 1, 1000);
}
__attribute__((noinline)) static void churn(void) {
  char *volatile block = malloc(2500);
  memset(block, 1, 2500);
  free(block);
}
int main(void) {
  printf("ready\\n"); fflush(stdout); 
  for (int i = 0; i < 160000; i++) { keep_record(i); churn(); }
  printf("done\\n"); fflush(stdout);
  sleep(60);
  return 0;
}
`;

type Launcher = ReturnType<typeof openTarget>['launcher'];

function start(launcher: Launcher, profile: NonNullable<PreloadOptions['profile']>, folder: string) {
  return launcher.start({
    interfaces: [],
    statsFile: path.join(folder, 'stats.jsonl'),
    statsIntervalMs: 100,
    ceilingBytes: undefined,
    nodeArguments: [],
    observe: { intervalMs: 250, profile },
    env: {},
  });
}

t.test('a C program under jemalloc: what stays and what was allocated, by function and line', skip, async (t) => {
  const folder = t.testdir();
  writeFileSync(path.join(folder, 'keeper.c'), source);
  execFileSync('gcc', ['-g', '-O1', '-o', 'keeper', 'keeper.c'], { cwd: folder });
  for (const [kind, name, bytes] of [
    ['live', 'keep_record', 160e6],
    ['allocations', 'churn', 400e6],
  ] as const) {
    const { launcher } = openTarget('./keeper', { listens: false, ready: /^done/, folder });
    t.equal(launcher.explains, true);
    const profile = { kind, sampleBytes: 65_536, stackDepth: 64, offHeapSampleBytes: 65_536, folder };
    const target = await start(launcher, profile, folder);
    const channel = new PreloadChannel(target.channel, Date.now());
    await pause(100);
    t.equal(await channel.cut(0, 20_000), true, channel.errors.join());
    await target.stop();
    const type = kind === 'live' ? 'inuse_space' : 'alloc_space';
    const { heap } = readInterval(channel.intervals[0]!, type, { heap: 1, offHeap: 1 })!;
    const row = top(byFunction(heap), { by: 'total' }).find(({ functionName }) => functionName === name)!;
    t.equal(row.file, 'keeper.c');
    // The last profile is written before the last four megabytes.
    t.ok(row.total > 0.8 * bytes && row.total < 1.1 * bytes, `${name}: ${row.total} of ${bytes}`);
    t.ok(
      heap.sites.line.some((line, i) => heap.sites.functionName[i] === name && line > 5),
      'with its line',
    );
  }
});

const idle = `#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/mman.h>
int main(void) {
  printf("ready\\n"); fflush(stdout);
  while (access("go", F_OK) != 0) usleep(10000);
  memset(mmap(0, 40000000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, 40000000);
  printf("done\\n"); fflush(stdout);
  sleep(60);
}
`;

t.test('where nothing was written an end is answered at once, and what is not malloc is said', skip, async (t) => {
  const folder = t.testdir();
  writeFileSync(path.join(folder, 'idle.c'), idle);
  execFileSync('gcc', ['-g', '-O1', '-o', 'idle', 'idle.c'], { cwd: folder });
  const { launcher } = openTarget('./idle', { listens: false, ready: /^ready/, folder });
  const profile = { kind: 'live', sampleBytes: 65_536, stackDepth: 64, offHeapSampleBytes: 65_536, folder } as const;
  const target = await start(launcher, profile, folder);
  const channel = new PreloadChannel(target.channel, Date.now());
  t.equal(await channel.cut(0, 5_000), true);
  t.same(channel.errors, [], 'before anything was taken there is nothing to warn of');
  writeFileSync(path.join(folder, 'go'), '');
  let isSaid = false;
  for (let i = 1; i <= 50 && !isSaid; i += 1) {
    await pause(100);
    t.equal(await channel.cut(i, 5_000), true);
    isSaid = channel.errors.length > 0;
  }
  await target.stop();
  t.match(channel.errors.join(), /jemalloc has written no profile while the program took \d+ MB: .*mmap of its own/);
  t.equal(readInterval(channel.intervals[0]!, 'inuse_space', { heap: 1, offHeap: 1 })!.heap.self[0]!.length, 1);
});
