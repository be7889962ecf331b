import { readFileSync } from 'node:fs';
import t from 'tap';
import { executableMappings, releaseExecutablePages } from './executable-pages.ts';

t.test(
  'only read-only mappings of the executable and its own libraries count, and their written pages show',
  async (t) => {
    const smaps = [
      '00400000-00500000 r-xp 00000000 08:01 42   /usr/bin/node',
      'Rss:                 512 kB',
      'Anonymous:             0 kB',
      '00500000-00600000 r--p 00100000 08:01 42   /usr/bin/node',
      'Rss:                  64 kB',
      'Anonymous:             8 kB',
      '00600000-00700000 rw-p 00200000 08:01 42   /usr/bin/node',
      'Rss:                 999 kB',
      'Anonymous:           999 kB',
      '7f0000000000-7f0000100000 r-xp 00000000 08:01 43   /usr/lib/libc.so.6',
      'Rss:                 777 kB',
      'Anonymous:             0 kB',
      '7f0000100000-7f0000200000 r--p 00000000 08:01 44   /opt/lib/libstdc++.so.6.0.30',
      'Rss:                  96 kB',
      'Anonymous:             0 kB',
      // Another may go, and its place be taken by what is not a file's.
      '7f0000200000-7f0000300000 r-xp 00000000 08:01 45   /usr/lib/libcurl.so.4',
      'Rss:                 111 kB',
      'Anonymous:             0 kB',
      '7f0000300000-7f0000400000 r--s 00000000 08:01 42   /usr/bin/node',
      'Rss:                 222 kB',
      'Anonymous:             0 kB',
    ].join('\n');
    t.same(executableMappings(smaps, '/usr/bin/node'), [
      { start: 0x400000n, length: 0x100000, residentBytes: 512 * 1024, anonymousBytes: 0 },
      { start: 0x500000n, length: 0x100000, residentBytes: 64 * 1024, anonymousBytes: 8 * 1024 },
      { start: 0x7f0000000000n, length: 0x100000, residentBytes: 777 * 1024, anonymousBytes: 0 },
      { start: 0x7f0000100000n, length: 0x100000, residentBytes: 96 * 1024, anonymousBytes: 0 },
    ]);
  },
);

t.test(
  'resident memory falls by what was released, and the process goes on',
  { skip: process.platform !== 'linux' && 'Linux only' },
  async (t) => {
    const residentOf = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))![1]) * 1024;
    const before = residentOf();
    const released = releaseExecutablePages();
    const after = residentOf();
    t.ok(released > 10e6, `${released} bytes were resident`);
    t.ok(before - after > 5e6, `RSS from ${before} to ${after}`);
    t.equal(JSON.parse('{"still":"here"}').still, 'here');
    t.equal(new Intl.NumberFormat('en').format(1234.5), '1,234.5');
  },
);
