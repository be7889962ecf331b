import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type MemoryMap, readMemoryMap } from './memory-map.ts';
import { ProcessMemory } from './proc-memory.ts';

const area = (range: string, access: string, kilobytes: number, path = '', inode = 0) =>
  `${range} ${access} 00000000 00:00 ${inode}    ${path}\nSize: 99999 kB\nRss: 99999 kB\nAnonymous:   ${kilobytes} kB\nVmFlags: rd wr\n`;

t.test('areas by where they lie', async (t) => {
  const map = readMemoryMap(
    [
      area('00400000-07000000', 'r-xp', 8, '/usr/bin/node', 17),
      area('07000000-0735a000', 'rw-p', 16),
      area('350a0000-35282000', 'rw-p', 32, '[heap]'),
      area('10eb2f40000-10eb2f80000', 'rw-p', 64),
      area('7f33c0000000-7f33dfdc0000', 'rwxp', 128),
      area('7f33e8000000-7f33e8021000', 'rw-p', 256),
      area('7f33e8021000-7f33ec000000', '---p', 0),
      area('7f33ec3d1000-7f33ec8e0000', 'rw-p', 512),
      area('7f33ec909000-7f33ec90a000', '---p', 0),
      area('7f33ec90a000-7f33ed10a000', 'rw-p', 1024),
      area('7f33ef672000-7f33ef676000', 'rw-s', 2048, 'anon_inode:[io_uring]', 792179),
      area('7fff00000000-7fff00100000', 'rw-p', 4096, '[stack]'),
    ].join(''),
  );
  t.same(map, {
    heapBytes: 64 << 10,
    codeBytes: 128 << 10,
    allocatorBytes: (32 + 256) << 10,
    blockBytes: 512 << 10,
    stackBytes: (1024 + 4096) << 10,
    imageBytes: (8 + 16 + 2048) << 10,
  });
  t.same(Object.values(readMemoryMap('')), [0, 0, 0, 0, 0, 0]);
  t.same(Object.values(readMemoryMap('Anonymous: 5 kB\nrubbish\n')), [0, 0, 0, 0, 0, 0]);
});

const linuxOnly = process.platform === 'linux' ? {} : { skip: 'reads /proc, which only Linux has' };

/** Written memory by kinds of page added up, and as the process's own figures have it. */
function bothWays(memory: ProcessMemory): [sum: number, own: number] {
  const sum = Object.values(memory.map()!).reduce((all, bytes) => all + bytes, 0);
  return [sum, memory.rssBytes() - memory.fileBytes];
}

t.test('a real process: each kind of memory grows where it is taken', linuxOnly, async (t) => {
  const grow: [string, keyof MemoryMap][] = [
    ['kept = Array.from({ length: 400 }, () => new Array(10_000).fill(1.5))', 'heapBytes'],
    ['kept = Buffer.alloc(40e6, 1)', 'blockBytes'],
    ['kept = Array.from({ length: 40_000 }, () => new Uint8Array(1_000).fill(1))', 'allocatorBytes'],
  ];
  for (const [expression, grown] of grow) {
    const code = `let kept; process.stdin.once('data', () => { ${expression}; console.log(String(kept.length)) }); console.log('up')`;
    const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const memory = new ProcessMemory(child.pid!);
    const before = memory.map()!;
    child.stdin.write('go');
    await once(child.stdout, 'data');
    const after = memory.map()!;
    // Two readings of a process that still tidies up after its start: they agree once it rests.
    let [sum, own] = bothWays(memory);
    for (let attempt = 0; attempt < 50 && Math.abs(sum - own) >= 3e6; attempt += 1) {
      await sleep(20);
      [sum, own] = bothWays(memory);
    }
    t.ok(Math.abs(sum - own) < 3e6, `all kinds together are ${sum}, the process has ${own}`);
    const growth = after[grown] - before[grown];
    t.ok(growth > 30e6 && growth < 60e6, `${grown} grew by ${growth}`);
    memory.close();
    child.kill('SIGKILL');
    await once(child, 'exit');
    t.equal(new Set([memory.map(), undefined]).size, 1, 'gone');
  }
});
