/** The smallest capture that still does it: floodgate from its package, in a folder that is not ours. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { install, plainNode } from './installed-package.ts';

t.setTimeout(600_000);
const folder = t.testdir();
const floodgate = path.join(install(folder), 'floodgate');
const run = (...words: string[]) => {
  const { status, signal, stdout, stderr } = spawnSync(...plainNode(floodgate, ...words), {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, signal, out: stdout, err: stderr };
};
const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
const size = (name: string) => statSync(path.join(folder, name)).size;

/** Sixty connections; one in hundred exchanges asks for the needle. */
const haystack = `name: haystack
traffic:
  - kind: http
    arrivals: { kind: at-once, connections: 60 }
    duration: 1s
    keepAlive: 8
    exchanges:
      - { weight: 100, target: '/hay/{id}', response: { type: json, bytes: 3kB } }
      - { weight: 1, target: '/needle/{id}', response: { type: json, bytes: 3kB } }
`;

t.test('a command decides: one exchange of hundreds is left, and less of that', async (t) => {
  write('haystack.yaml', haystack);
  const { status, out, err } = run(
    ...[
      'minimize',
      './haystack.yaml',
      '--while',
      'exit=0',
      '--check',
      'grep -q /needle/ {capture}',
      '-o',
      'needle.pcap',
    ],
  );
  t.equal(status, 0, err);
  t.match(out, /^MINIMIZED: /);
  t.match(out, /connections: \d+ → 1,/);
  t.match(out, 'still: exit 0, twice by the command\n', 'no device has a part in it');
  t.match(readFileSync(path.join(folder, 'needle.pcap'), 'latin1'), '/needle/');
  t.ok(size('needle.pcap') < 3_000, `${size('needle.pcap')} bytes`);
  t.notOk(existsSync(path.join(folder, 'needle.pcap.minimize')), 'nothing is left behind');
});

t.test('one that was killed goes on where it was, and finds the same', async (t) => {
  // The eighth trial kills the program that runs it.
  write(
    'check.sh',
    `echo >> tries; [ "$(wc -l < tries)" != 8 ] || { kill -9 $PPID; exit 1; }; grep -q /needle/ "$1"\n`,
  );
  const words = [
    'minimize',
    './haystack.yaml',
    '--while',
    'exit=0',
    '--check',
    'exec sh check.sh {capture}',
    '--jobs',
    '1',
  ];
  const first = run(...words, '-o', 'again.pcap');
  t.not(first.status, 0);
  t.ok(existsSync(path.join(folder, 'again.pcap.minimize', 'trials.jsonl')));
  const second = run(...words, '-o', 'again.pcap');
  t.equal(second.status, 0, second.err);
  t.match(second.err, 'going on: 7 trials are known from before');
  t.same(readFileSync(path.join(folder, 'again.pcap')), readFileSync(path.join(folder, 'needle.pcap')));
});

t.test('an agent with a defect: what is left still holds the pages', async (t) => {
  write(
    'lossy.yaml',
    `name: lossy
recover: 300ms
traffic:
  - kind: http
    arrivals: { kind: at-once, connections: 8 }
    duration: 1s
    fault: { kind: lost-segment, segment: 1 }
    exchanges: [{ response: { type: json, bytes: 60kB } }]
  - kind: http
    arrivals: { kind: at-once, connections: 40 }
    duration: 1s
    exchanges: [{ response: { type: json, bytes: 40kB } }]
`,
  );
  const { status, out, err } = run(
    ...['minimize', './lossy.yaml', '--while', 'pages.max >= 30', '--lane', 'exact', '-o', 'few.pcap'],
    // A fifth of a minute of trials: whatever was found by then is shown, and has to hold.
    ...['--agent-until', 'http', '--jobs', '2', '--minutes', '0.2'],
  );
  t.equal(status, 0, err);
  t.match(out, /still: pages\.max ([3-9]\d|\d{3}), twice in the exact lane/);
  t.match(out, 'again: floodgate run ./few.yaml --agent-until http');
  t.match(readFileSync(path.join(folder, 'few.yaml'), 'utf8'), /budgets:\n +pages.max: 30/);
});

t.test('what is asked for wrongly is refused, with what is meant', async (t) => {
  const refused = (condition: string, ...more: string[]) => {
    const { status, err } = run('minimize', './haystack.yaml', '--while', condition, ...more);
    t.equal(status, 2, condition);
    return err;
  };
  t.match(refused('rss.mx > 3MB'), 'is "rss.max" meant?');
  t.match(refused('rss.max > 3s'), 'an amount of bytes is wanted');
  t.match(refused('rss.max = 3MB'), 'is compared with >, >=, < or <=');
  t.match(refused('wrong'), 'is no condition');
  t.match(refused('exit=0', '--requests'), '--requests takes a service');
  const unmet = run('minimize', './haystack.yaml', '--while', 'exit=0', '--check', 'grep -q nowhere {capture}');
  t.equal(unmet.status, 1, unmet.err);
  t.match(unmet.out, 'NOT MET: "exit=0": the whole capture does not do it: exit 1');
  t.notOk(existsSync(path.join(folder, 'small.pcap.minimize')), 'the same command looks again');
  const always = run('minimize', './haystack.yaml', '--while', 'exit=0', '--check', 'true', '--fresh');
  t.equal(always.status, 1, always.err);
  t.match(always.out, 'met by a single frame too');
});

const mounts = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', folder]).status === 0;
t.test(
  'a trial that the disk has no room for is no answer',
  { skip: mounts ? false : 'mounts are refused here' },
  (t) => {
    const disk = path.join(folder, 'disk');
    mkdirSync(disk);
    const [command, words] = plainNode(floodgate, 'minimize', path.join(folder, 'needle.pcap'));
    const asked = ['--while', 'streams.max > 1', '--lane', 'exact', '-o', 'small.pcap'];
    // The folder is entered anew: what is mounted over it is another one.
    const script = `mount -t tmpfs -o size=60k none . && cd "$PWD" && "$@"; echo $? $(cat */trials.jsonl | wc -l)`;
    const { stdout, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', command, ...words, ...asked], {
      cwd: disk,
      encoding: 'utf8',
    });
    t.equal(stdout, '2 0\n', stderr);
    t.match(stderr, 'a trial could not be run: cannot write the report to');
    t.match(stderr, 'the disk is full\nMake room, and give the same command again');
    t.end();
  },
);
