import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { FrameList } from '../pcap/frame-list.ts';
import { PcapWriter } from '../pcap/pcap-writer.ts';
import { acceptAll, BpfProgram } from './bpf-program.ts';
import { openSource } from './open.ts';
import { compileFilter } from './sys/bpf.ts';
import { loadKoffi } from './sys/libc.ts';

const installed = (() => {
  try {
    compileFilter('tcp', 1, 100);
    return true;
  } catch {
    return false;
  }
})();
const absent = installed ? false : 'libpcap is not installed here: filters are NOT tested';

/** code, jump if true, jump if false, constant. */
function program(...instructions: readonly (readonly [number, number, number, number])[]): BpfProgram {
  const words = instructions.flatMap(([code, jt, jf, k]) => [code | (jt << 16) | (jf << 24), k]);
  return new BpfProgram(new Uint8Array(Uint32Array.from(words).buffer));
}

const frame = Uint8Array.from({ length: 64 }, (_, i) => i * 3);
const run = (compiled: BpfProgram) => compiled.run(frame, 0, frame.length, 1_500);

t.test('every kind of instruction', (t) => {
  t.equal(run(acceptAll(77)), 77);
  t.equal(run(program([0x20, 0, 0, 4], [0x16, 0, 0, 0])), 0x0c0f1215, 'a word, big-endian');
  t.equal(run(program([0x28, 0, 0, 4], [0x16, 0, 0, 0])), 0x0c0f);
  t.equal(run(program([0x30, 0, 0, 4], [0x16, 0, 0, 0])), 0x0c);
  t.equal(run(program([0x01, 0, 0, 2], [0x50, 0, 0, 4], [0x16, 0, 0, 0])), 18, 'a byte at x + 4');
  t.equal(run(program([0x80, 0, 0, 0], [0x16, 0, 0, 0])), 1_500, 'the length on the wire');
  t.equal(run(program([0xb1, 0, 0, 5], [0x87, 0, 0, 0], [0x16, 0, 0, 0])), 60, 'an IPv4 header length');
  t.equal(run(program([0x28, 0, 0, 63], [0x06, 0, 0, 9])), 0, 'a load past the end refuses');
  t.equal(run(program([0x20, 0, 0, 0xfffff000], [0x06, 0, 0, 9])), 0, 'so does a kernel extension');
  t.equal(
    run(program([0x00, 0, 0, 5], [0x02, 0, 0, 3], [0x61, 0, 0, 3], [0x0c, 0, 0, 0], [0x16, 0, 0, 0])),
    10,
    'scratch',
  );
  t.equal(
    run(program([0x00, 0, 0, 5], [0x05, 0, 0, 1], [0x06, 0, 0, 1], [0x35, 1, 0, 6], [0x06, 0, 0, 2], [0x06, 0, 0, 3])),
    2,
  );
  const compute = (code: number, k: number) => run(program([0x00, 0, 0, 0xfffffff0], [code, 0, 0, k], [0x16, 0, 0, 0]));
  t.equal(compute(0x04, 0x20), 0x10, 'add wraps');
  t.equal(compute(0x14, 0xfffffff1), 0xffffffff);
  t.equal(compute(0x24, 3), 0xffffffd0);
  t.equal(compute(0x34, 16), 0x0fffffff);
  t.equal(compute(0x44, 0xf), 0xffffffff);
  t.equal(compute(0x54, 0xff), 0xf0);
  t.equal(compute(0x64, 4), 0xffffff00);
  t.equal(compute(0x64, 32), 0);
  t.equal(compute(0x74, 28), 0xf);
  t.equal(compute(0x84, 0), 0x10);
  t.equal(compute(0x94, 7), 0xfffffff0 % 7);
  t.equal(compute(0xa4, 0xffffffff), 0xf);
  t.equal(run(program([0x01, 0, 0, 0], [0x3c, 0, 0, 0], [0x06, 0, 0, 1])), 0, 'a division by zero refuses');
  t.end();
});

t.test('a program that might not end, or reach past itself, is refused', (t) => {
  const bad = (...i: readonly (readonly [number, number, number, number])[]) =>
    t.throws(() => program(...i), { code: 'filter-invalid' }, JSON.stringify(i));
  bad();
  bad([0x00, 0, 0, 1]);
  bad([0x15, 1, 0, 0], [0x06, 0, 0, 0]);
  bad([0x05, 0, 0, 0xffffffff], [0x06, 0, 0, 0]);
  bad([0x02, 0, 0, 16], [0x06, 0, 0, 0]);
  bad([0x60, 0, 0, 99], [0x06, 0, 0, 0]);
  bad([0x34, 0, 0, 0], [0x06, 0, 0, 0]);
  bad(...new Array(4_097).fill([0x06, 0, 0, 0]));
  t.end();
});

t.test('the same verdict as libpcap on random frames', { skip: absent }, (t) => {
  const koffi = loadKoffi()!;
  const name = ['libpcap.so.1', 'libpcap.so.0.8', 'libpcap.so', 'libpcap.A.dylib'].find((name) => {
    try {
      return koffi.load(name);
    } catch {
      return false;
    }
  })!;
  const reference = koffi
    .load(name)
    .func('uint32_t bpf_filter(uint8_t *program, uint8_t *frame, uint32_t wire, uint32_t captured)');
  const expressions = [
    'tcp port 80',
    'ip6 and tcp[13] & 2 != 0',
    'host 10.0.0.1 or net 192.168.0.0/16',
    'tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420',
    'vlan 5 and ip',
    'len > 100 and not (udp portrange 1000-2000 or icmp)',
    'ip[2:2] * 3 + 7 = len or ip[8] << 3 > 5',
    'ether multicast or less 64',
  ];
  let random = 1;
  const next = () => (random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0) >>> 8;
  let accepted = 0;
  let different = 0;
  for (const expression of expressions) {
    const compiled = compileFilter(expression, 1, 262_144);
    for (let i = 0; i < 2_000; i++) {
      const bytes = new Uint8Array(next() % 120);
      for (let at = 0; at < bytes.length; at++) bytes[at] = next();
      // Mostly plausible headers, so that filters look deep.
      bytes.set(
        [
          [8, 0, 0x45],
          [0x86, 0xdd, 0x60],
          [0x81, 0, 0],
        ][next() % 3]!.slice(0, Math.max(bytes.length - 12, 0)),
        Math.min(12, bytes.length),
      );
      if (bytes.length > 38 && i % 2) bytes.set([0, 0, 0, 0, 0, 6, 0, 0, 10, 0, 0, 1, 1, 2, 3, 4, 0, 80, 0, 80], 18);
      const wire = bytes.length + (next() % 3) * 700;
      const mine = compiled.run(bytes, 0, bytes.length, wire);
      if (mine !== reference(compiled.instructions, bytes, wire, bytes.length)) different += 1;
      if (mine > 0) accepted += 1;
    }
  }
  t.equal(different, 0);
  t.ok(accepted > 500, `${accepted} accepted`);
  t.end();
});

function pcapFile(): string {
  const parts: Uint8Array[] = [];
  const writer = new PcapWriter((bytes, start, end) => parts.push(bytes.slice(start, end)));
  for (let i = 0; i < 10; i++) {
    const bytes = new Uint8Array(60);
    bytes.set([0x08, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 80 + (i % 2), 0, 99], 12);
    writer.frame(bytes, 0, 60, 60, i);
  }
  writer.flush();
  const file = path.join(t.testdir(), 'ports.pcap');
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

t.test('a capture file is filtered too', { skip: absent }, (t) => {
  const file = pcapFile();
  const list = new FrameList();
  const source = openSource({ read: file, filter: 'tcp src port 81' });
  while (source.read(list, 100) >= 0);
  t.same(
    list.frames.map((frame) => frame.tsUs),
    [1, 3, 5, 7, 9],
  );
  t.equal(source.stats()[0]!.framesReceived, 5);
  source.close();
  const faulty = openSource({ read: file, filter: 'port eighty thousand' });
  t.throws(() => faulty.read(list, 1), { code: 'filter-invalid', message: /port eighty thousand/ });
  faulty.close();
  t.end();
});

t.test('without libpcap the message says what to install', { skip: absent || process.platform !== 'linux' }, (t) => {
  // In a mount namespace of its own every libpcap of this machine is covered by an empty file.
  const libraries = [...new Set(readFileSync('/proc/self/maps', 'utf8').match(/\S*libpcap\S*/g))];
  const cover = libraries.map((library) => `mount --bind /dev/null "${library}"`).join(' && ');
  const script = `
    import { openSource } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
    try { openSource({ read: '/dev/null', filter: 'tcp' }); } catch (error) { console.log(error.code, error.hint); }`;
  const command = `${cover} && exec "${process.execPath}" --input-type=module-typescript -e "$SCRIPT"`;
  const env = { ...process.env, SCRIPT: script };
  const child = spawnSync('unshare', ['-Urm', 'sh', '-c', command], { env, encoding: 'utf8' });
  if (child.status !== 0) t.pass(`mount namespaces are refused here: ${child.stderr}`, { skip: true });
  else t.match(child.stdout, /^filter-unavailable .*apt-get install libpcap/);
  t.end();
});
