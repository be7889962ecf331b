import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { FrameList } from '../../../agent/pcap/frame-list.ts';
import { ImpairedTraffic } from '../impaired-traffic.ts';
import { openSteady } from '../synthesis/steady.ts';
import { parseImpairments } from './parse.ts';

const folder = t.testdir();
const size = { seed: 21, sizeBytes: 400_000 };
const all =
  'loss=2%/20%,gemodel=1%/30%,state=1%/30%/20%/50%/1%,reorder=5%/9,duplicate=3%,corrupt=1%,truncate=1%/80,resegment=20%,' +
  'overlap=10%,delay=1ms/500us/pareto,jitter=100us/normal,rate=100mbit,skew=server/1ms,clock-step=1s/1s';

function play(options: {
  impair?: string;
  seed?: number;
  replayFile?: string;
  scheduleFile?: string;
  sizeBytes?: number;
}) {
  const { impair, seed = 5, sizeBytes = size.sizeBytes, ...files } = options;
  const traffic = new ImpairedTraffic({
    source: openSteady({ ...size, sizeBytes }),
    impair: { impairments: impair === undefined ? [] : parseImpairments(impair), seed, ...files },
    countsMessages: true,
  });
  const list = new FrameList();
  try {
    while (traffic.read(list, 64) >= 0);
    return { frames: list.frames, records: traffic.impairments, truth: traffic.truth() };
  } finally {
    traffic.close();
  }
}

t.test('what was applied is applied again, byte for byte, whatever the seed', async (t) => {
  const [scheduleFile, again] = ['a', 'b'].map((name) => path.join(folder, `${name}.impair.jsonl`)) as [string, string];
  const first = play({ impair: all, scheduleFile });
  const second = play({ seed: 99, replayFile: scheduleFile, scheduleFile: again });
  t.same(second, first);
  t.equal(readFileSync(again, 'utf8'), readFileSync(scheduleFile, 'utf8'), 'and leaves the same schedule');
  const lines = readFileSync(scheduleFile, 'utf8').trimEnd().split('\n');
  t.match(JSON.parse(lines[0]!), { format: 'floodgate impairments', version: 1, seed: 5 });
  t.ok(
    lines.slice(1, -1).every((line) => /^\[\d+,\d+,-?[\d.e-]+\]$/.test(line) && line.length < 64),
    'a choice a line',
  );
  const touched = first.records.reduce((sum, { frames }) => sum + frames, 0);
  t.equal(lines.length, touched + 2);
  t.match(JSON.parse(lines.at(-1)!), { framesOut: first.frames.length, choices: touched });
});

t.test('one seed makes one schedule, in another process too', async (t) => {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const make = (file: string) =>
    execFileSync(process.execPath, [
      ...['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval'],
      `import { ImpairedTraffic } from ${module('../impaired-traffic.ts')};
       import { openSteady } from ${module('../synthesis/steady.ts')};
       import { parseImpairments } from ${module('./parse.ts')};
       const impair = { impairments: parseImpairments('${all}'), seed: 5, scheduleFile: '${file}' };
       const traffic = new ImpairedTraffic({ source: openSteady(${JSON.stringify(size)}), impair, countsMessages: false });
       while (traffic.read({ frame() {} }, 64) >= 0);`,
    ]);
  const files = ['p1', 'p2'].map((name) => path.join(folder, name));
  for (const file of files) make(file);
  t.equal(readFileSync(files[0]!, 'utf8'), readFileSync(files[1]!, 'utf8'));
  t.ok(statSync(files[0]!).size > 10_000);
  t.equal(readFileSync(files[0]!, 'utf8'), readFileSync(path.join(folder, 'a.impair.jsonl'), 'utf8'));
});

t.test('a schedule of other traffic, or no schedule, is refused with a way out', async (t) => {
  const scheduleFile = path.join(folder, 'c.impair.jsonl');
  play({ impair: 'loss=2%,delay=1ms', scheduleFile });
  const whole = readFileSync(scheduleFile, 'utf8');
  const lines = whole.split('\n');
  t.throws(() => play({ replayFile: scheduleFile, sizeBytes: 500_000 }), {
    code: 'schedule-mismatch',
    hint: /same capture/,
  });
  t.throws(() => play({ replayFile: path.join(folder, 'none') }), { code: 'schedule-unreadable', message: /ENOENT/ });
  for (const [name, text, message] of [
    ['empty', '', /no schedule/],
    ['binary', '\0\0\x01\n', /no JSON/],
    ['cut', whole.slice(0, whole.length >> 1), /no JSON|before its last line/],
    ['no end', `${lines.slice(0, -2).join('\n')}\n`, /before its last line/],
    ['version', whole.replace('"version":1', '"version":2'), /no schedule/],
    ['kind', whole.replaceAll('"loss"', '"lozz"'), /does not know/],
    ['value', whole.replace('"probability":0.02', '"probability":"x"'), /does not know/],
    ['choice', whole.replace(/\n\[0,\d+,1\]/, '\n[0,-1.5,"x"]'), /no choice/],
    ['before 1970', whole.replace(/\n\[1,0,1000\]/, '\n[1,0,-9000000000000000]'), /choice that delay does not make/],
    ['negative', whole.replace(/\n\[0,(\d+),1\]/, '\n[0,$1,-1]'), /choice that loss does not make/],
    ['long line', `${lines[0]}\n[${'1'.repeat(200_000)}\n`, /more than 65536 bytes/],
    ['hostile', `${lines[0]}\n[0,5,1e999]\n`, /no choice|before/],
  ] as const) {
    const file = path.join(folder, `bad-${name}`);
    writeFileSync(file, text);
    t.throws(() => play({ replayFile: file }), { code: 'schedule-unreadable', message, hint: /impair.jsonl/ }, name);
  }
  const shifted = path.join(folder, 'shifted');
  writeFileSync(
    shifted,
    whole.replace(/\n\[0,(\d+),1\]/, (_all, place) => `\n[0,${Number(place) - 1},1]`),
  );
  t.throws(() => play({ replayFile: shifted }), { code: 'schedule-mismatch' }, 'the sums at its end are compared');
  t.throws(() => play({ impair: 'loss=1%', scheduleFile: '/no/such/folder/x' }), { code: 'schedule-unwritable' });
});
