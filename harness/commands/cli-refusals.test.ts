/** Runs that cannot be: bad captures, machines without TAP devices, full disks. Exit 2, a hint, nothing left behind. */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import { isRoot, nothingLeft, run, tapOnly, workplace } from './cli-trial.ts';

t.setTimeout(240_000);

function writeCapture(file: string, frames: number, linkType = 1): void {
  const chunks: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes, from, end) => chunks.push(bytes.slice(from, end)));
  writer.addInterface({ name: 'eth0', linkType, snapLength: 0 });
  const frame = new Uint8Array(200);
  frame[12] = 0x88;
  frame[13] = 0xb5;
  for (let i = 0; i < frames; i++) writer.frame(frame, 0, 200, 200, 1.7e15 + i * 100, 0);
  writer.flush();
  writeFileSync(file, Buffer.concat(chunks));
}

t.test('captures that cannot be replayed: exit 2, nothing left behind', tapOnly, async (t) => {
  const place = workplace(t);
  const file = (name: string) => path.join(place.folder, name);
  writeFileSync(file('text.pcap'), 'this is no capture, it is a letter to my aunt\n');
  writeFileSync(file('empty.pcap'), '');
  writeCapture(file('strange.pcapng'), 10, 147);
  mkdirSync(file('folder.pcap'));
  for (const [name, message] of [
    ['missing.pcap', /missing\.pcap/],
    ['folder.pcap', /directory/],
    ['text.pcap', /text\.pcap/],
    ['empty.pcap', /the capture is empty/],
    ['strange.pcapng', /link type|LINKTYPE/i],
  ] as const) {
    const { code, err } = await run(['run', file(name), '--out', place.out, '--topspeed'], place.temporary);
    t.equal(code, 2, `${name}: ${err}`);
    t.match(err, message);
    t.notMatch(err, /mistake in floodgate/);
    await nothingLeft(t, place);
  }
});

t.test(
  'a capture that was cut short is used up to its last whole frame, the report says so, and it is no pass',
  tapOnly,
  async (t) => {
    const place = workplace(t);
    const file = path.join(place.folder, 'cut.pcapng');
    writeCapture(file, 100);
    truncateSync(file, 10_001);
    const { code, out, err } = await run(['run', file, '--out', place.out, '--topspeed'], place.temporary);
    t.equal(code, 4, err);
    t.match(out, /cut\.pcapng ends early, .*limits on a part decide nothing/);
    await nothingLeft(t, place);
  },
);

t.test('machines that will not have it: exit 2, and the lane that works', tapOnly, async (t) => {
  const place = workplace(t);
  const args = ['run', 'incident', '--size', '1MB', '--out', place.out];
  const inNamespace = (script: string) => [
    'unshare',
    isRoot ? '-m' : '-Urm',
    'sh',
    '-c',
    `${script} && exec "$@"`,
    'sh',
  ];
  const cases: [string, string[], RegExp][] = [
    ['no TAP device', inNamespace('mount -t tmpfs none /dev/net'), /\/dev\/net\/tun/],
    [
      'no permission for namespaces',
      // A user namespace in which no other may be made, and in which no user has a privilege.
      [
        'unshare',
        '-Ur',
        'sh',
        '-c',
        'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all -- "$@"',
        'sh',
      ],
      /refuses a network namespace/,
    ],
    ['no unshare', ['env', 'PATH=/nowhere'], /"unshare" \(package util-linux\) is missing/],
  ];
  for (const [what, wrapper, message] of cases) {
    const { code, err } = await run(args, place.temporary, wrapper);
    t.equal(code, 2, `${what}: ${err}`);
    t.match(err, message);
    t.match(err, /--lane exact/);
    await nothingLeft(t, place);
  }
});

t.test('a place that cannot be written to: exit 2 before anything is measured', tapOnly, async (t) => {
  const place = workplace(t);
  writeFileSync(path.join(place.folder, 'file'), '');
  for (const out of [
    '/dev/full',
    path.join(place.folder, 'file'),
    path.join(place.folder, 'file', 'below'),
    '/proc/floodgate',
  ]) {
    const { code, err } = await run(['run', 'incident', '--size', '1MB', '--out', out], place.temporary);
    t.equal(code, 2, `${out}: ${err}`);
    t.match(err, /cannot write the report to .*\nGive another folder with --out DIR, or make room\./);
  }
  await nothingLeft(t, place);
});

t.test('a disk that fills up under way: exit 2', tapOnly, async (t) => {
  const place = workplace(t);
  mkdirSync(place.out);
  const script = `mount -t tmpfs -o size=48k,mode=0700 none ${place.out} && exec "$@"`;
  const { code, err } = await run(
    ['run', 'incident', '--size', '10MB', '--agent-until', 'http', '--out', place.out],
    place.temporary,
    ['unshare', isRoot ? '-m' : '-Urm', 'sh', '-c', script, 'sh'],
  );
  t.equal(code, 2, err);
  t.match(err, /the disk is full/);
  await nothingLeft(t, place);
});
