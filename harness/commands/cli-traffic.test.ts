/** Any capture through the command line: edited, impaired, judged with its truth; and again from its schedule. */
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import t from 'tap';
import { exchangesCapture } from '../../agent/commands/capture-fixture.ts';
import { FrameList } from '../../agent/pcap/frame-list.ts';
import { PcapWriter } from '../../agent/pcap/pcap-writer.ts';
import { buildTcpFrame } from '../../agent/wire/packet-builder.ts';
import type { RunReport } from '../../reports/model.ts';
import { Recording } from '../traffic/recording.ts';
import { nothingLeft, outcomeOf, program, reportIn, run, tapOnly, workplace } from './cli-trial.ts';

t.setTimeout(240_000);
const budget = ['--budget', 'rss.p99=1GB', '--budget', 'rss.p999=2GB'];
const impair = 'loss=3%,reorder=10%/20,duplicate=5%';

function framesOf(file: string) {
  const recording = new Recording(file);
  const list = new FrameList();
  while (recording.read(list, 1_000) >= 0);
  recording.close();
  return list.frames;
}

const messages = ({ figures }: RunReport) =>
  Object.fromEntries(figures.filter(({ name }) => name.includes('messages')).map((each) => [each.name, each]));

function captureIn(folder: string, exchanges = 200): string {
  const file = path.join(folder, 'own.pcap');
  writeFileSync(file, exchangesCapture(exchanges));
  return file;
}

t.test('any capture has its truth, impaired too, and again from the schedule', async (t) => {
  const place = workplace(t);
  const capture = captureIn(place.folder);
  const exact = (out: string, ...more: string[]) =>
    run(
      ['run', capture, '--lane', 'exact', ...budget, ...more, '--out', path.join(place.folder, out)],
      place.temporary,
    );
  const plain = await exact('plain');
  t.equal(plain.code, 0, plain.out + plain.err);
  const whole = reportIn(path.join(place.folder, 'plain'));
  t.match(whole.messages, { truth: { requests: 200, responses: 200 }, found: { requests: 200, responses: 200 } });
  t.match(plain.out, /missed\.messages/);

  const impaired = await exact('impaired', '--impair', impair, '--budget', 'missed.messages=0', '--seed', '7');
  t.equal(impaired.code, 0, impaired.out + impaired.err);
  const report = reportIn(path.join(place.folder, 'impaired'));
  const { truth, found } = report.messages!;
  t.ok(truth.requests < 200 && truth.requests > 150 && found.requests >= truth.requests, `${truth.requests} of 200`);
  t.same(
    report.notes.filter(({ text }) => /^(loss|reorder|duplicate): /.test(text)).length,
    3,
    'each stage says what it did',
  );
  t.match(messages(report), { 'messages.found': {}, 'extra.messages': {} });

  const schedule = path.join(place.folder, 'impaired', 'applied.impair.jsonl');
  const again = await exact('again', '--impair-file', schedule, '--seed', '8');
  t.equal(again.code, 0, again.out + again.err);
  const second = reportIn(path.join(place.folder, 'again'));
  t.same(second.messages, report.messages);
  t.same(second.ledger, report.ledger);
  t.equal(
    readFileSync(path.join(place.folder, 'again', 'applied.impair.jsonl'), 'utf8'),
    readFileSync(schedule, 'utf8'),
  );

  const sliced = path.join(place.folder, 'slice.pcapng');
  const slice = await run(['slice', path.join(place.folder, 'impaired'), '--frames', '1-100000', '-o', sliced]);
  t.equal(slice.code, 0, slice.err);
  t.equal(framesOf(sliced).length, report.ledger!.framesSent, 'a slice is of the frames as they were sent');
  await nothingLeft(t, place);
});

t.test('a scenario is impaired in the same way', async (t) => {
  const place = workplace(t);
  const args = [
    'run',
    'steady',
    '--size',
    '3MB',
    '--lane',
    'exact',
    ...budget,
    '--impair',
    'gemodel=1%/30%,skew=server/1ms',
  ];
  const { code, out, err } = await run([...args, '--out', place.out], place.temporary);
  t.equal(code, 0, out + err);
  const { truth, mayBeLost } = reportIn(place.out).messages!;
  t.ok(truth.responses > 10 && mayBeLost.responses > 10, `${truth.responses} intact, ${mayBeLost.responses} not`);
});

t.test('through a TAP device; frames that it does not take are cut, with a word', tapOnly, async (t) => {
  const place = workplace(t);
  const capture = path.join(place.folder, 'long.pcap');
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((bytes, start, end) => pieces.push(bytes.slice(start, end)));
  const at = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 4000, destinationPort: 80, acknowledgement: 1 };
  const back = { ...at, source: at.destination, destination: at.source, sourcePort: 80, destinationPort: 4000 };
  const body = `HTTP/1.1 200 OK\r\nContent-Length: 80000\r\n\r\n${'x'.repeat(80_000)}`;
  const request = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const long = new Uint8Array(54 + body.length);
  long.set(buildTcpFrame({ ...back, sequence: 1, acknowledgement: 1 + request.length, flags: 0x18 }));
  long.fill(0, 16, 18);
  long.set(Buffer.from(body), 54);
  const frames = [
    buildTcpFrame({ ...at, sequence: 0, flags: 2 }),
    buildTcpFrame({ ...back, sequence: 0, flags: 0x12 }),
    buildTcpFrame({ ...at, sequence: 1, flags: 0x18, payload: request }),
    long,
  ];
  for (const [number, frame] of frames.entries()) writer.frame(frame, 0, frame.length, frame.length, number * 1_000);
  writer.flush();
  writeFileSync(capture, Buffer.concat(pieces));
  const { code, out, err } = await run(
    [
      'run',
      capture,
      '--budget',
      'rss.max=1GB',
      '--budget',
      'dropped.frames=0',
      '--budget',
      'rss.p99=1GB',
      '--budget',
      'rss.p999=1GB',
      // A starved machine may leave some out, which is not what this is about.
      '--budget',
      'exchanges.shed=9',
      '--out',
      place.out,
    ],
    place.temporary,
  );
  const report = reportIn(place.out);
  t.match(report.messages, { found: { requests: 1, responses: 1 }, truth: { requests: 1, responses: 1 } }, out + err);
  t.match(report.ledger, { framesSent: 5, framesDelivered: 5, framesDropped: 0, ok: true });
  t.match(report.notes.map(({ text }) => text).join('\n'), /frames over 65535 bytes cut/);
  t.ok(code === 0 || code === 4, `${code}: too short a run for percentiles at most`);
  await nothingLeft(t, place);
});

t.test('standard input, compressed, of another link type, is kept and replayed', async (t) => {
  const place = workplace(t);
  const capture = captureIn(place.folder);
  const raw: Uint8Array[] = [];
  const writer = new PcapWriter((bytes, start, end) => raw.push(bytes.slice(start, end)), { linkType: 101 });
  for (const { bytes, tsUs } of framesOf(capture)) writer.frame(bytes, 14, bytes.length, bytes.length - 14, tsUs);
  writer.flush();
  const packed = path.join(place.folder, 'raw.pcap.gz');
  writeFileSync(packed, gzipSync(Buffer.concat(raw)));
  const child = spawn(
    process.execPath,
    [program, 'run', '-', '--lane', 'exact', ...budget, '--filter', 'tcp', '--out', place.out],
    {
      env: { ...process.env, TMPDIR: place.temporary, CI: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  createReadStream(packed).pipe(child.stdin!);
  const { code, out, err } = await outcomeOf(child);
  t.equal(code, 0, out + err);
  const report = reportIn(place.out);
  t.match(report.messages, { truth: { requests: 200 }, found: { requests: 200 } });
  t.match(report.notes.map(({ text }) => text).join('\n'), /raw IP were sent as Ethernet/);
  t.equal(statSync(path.join(place.out, 'input.capture')).size, statSync(packed).size);
});

t.test('a HAR file on standard input is refused with its way out, and leaves no folder', async (t) => {
  const place = workplace(t);
  for (const [text, more, words] of [
    [
      '{"log":{"entries":[]}}',
      ['--lane', 'exact'],
      /standard input is a HAR file, and no capture\nGive it by its name/,
    ],
    [
      '{"log":{"entries":[]}}',
      ['--requests', '--target', 'true'],
      /standard input is neither[^\n]*\nGive a HAR file by its name/,
    ],
    ['none', ['--lane', 'exact'], /standard input is neither pcap nor pcapng/],
  ] as const) {
    const child = spawn(process.execPath, [program, 'run', '-', ...more, '--out', place.out], {
      env: { ...process.env, TMPDIR: place.temporary, CI: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin!.end(text);
    const { code, err } = await outcomeOf(child);
    t.equal(code, 2, err);
    t.match(err, words);
    t.notOk(existsSync(place.out), text);
  }
});

t.test('traffic of which nothing is left passes nothing', async (t) => {
  const place = workplace(t);
  const capture = captureIn(place.folder, 5);
  for (const [at, nothing] of [
    ['--filter', 'udp'],
    ['--impair', 'loss=100%'],
  ].entries()) {
    const out = path.join(place.folder, `out${at}`);
    const { code, out: text } = await run(['run', capture, '--lane', 'exact', ...budget, ...nothing, '--out', out]);
    t.equal(code, 4, text);
    t.match(text, /UNDECIDED .* No frame was sent/);
  }
});

t.test('edit: into every format, several on one clock, and what it says', async (t) => {
  const place = workplace(t);
  const capture = captureIn(place.folder, 50);
  const frames = framesOf(capture);
  const to = (name: string) => path.join(place.folder, name);
  for (const name of ['a.pcap', 'a.pcapng', 'a.pcap.gz', 'a.pcapng.zst']) {
    const { code, err } = await run(['edit', capture, to(name)]);
    t.equal(code, 0, err);
    t.same(framesOf(to(name)), frames, name);
  }
  t.equal(gunzipSync(readFileSync(to('a.pcap.gz'))).readUInt32LE(0), 0xa1b2c3d4, 'pcap in gzip');
  t.equal(zstdDecompressSync(readFileSync(to('a.pcapng.zst'))).readUInt32LE(0), 0x0a0d0d0a, 'pcapng in zstd');
  const both = await run(['edit', to('a.pcap.gz'), to('a.pcapng.zst'), to('both.pcap'), '--vlan', '7']);
  t.equal(both.code, 0, both.err);
  const merged = framesOf(to('both.pcap'));
  t.equal(merged.length, frames.length * 2);
  t.ok(
    merged.every(({ tsUs }, at) => at === 0 || tsUs >= merged[at - 1]!.tsUs),
    'by their times',
  );
  t.match(both.err, new RegExp(`edit: in VLAN 7 \\(${frames.length * 2} frames\\)`));
  const worse = await run([
    'edit',
    capture,
    to('w.pcap'),
    '--impair',
    'loss=10%',
    '--impair-out',
    to('w.impair.jsonl'),
  ]);
  t.match(worse.err, /loss: 10 % of frames never captured/);
  const same = await run(['edit', capture, to('x.pcap'), '--impair-file', to('w.impair.jsonl')]);
  t.equal(same.code, 0, same.err);
  t.same(readFileSync(to('x.pcap')), readFileSync(to('w.pcap')), 'byte for byte');
});

t.test('edit: what cannot be done is refused, and leaves no file', async (t) => {
  const place = workplace(t);
  const capture = captureIn(place.folder, 5);
  const out = path.join(place.folder, 'out.pcap');
  for (const [args, message] of [
    [[capture], /nothing to read/],
    [[path.join(place.folder, 'none'), out], /ENOENT/],
    [[capture, capture], /while it is read/],
    [['-', '-', out], /standard input can be read once/],
    [[capture, out, '--filter', 'tcp ('], /not valid/],
    [[capture, out, '--impair', 'los=1%'], /Did you mean loss/],
    [[capture, out, '--impair', 'loss=1'], /--impair loss: probability/],
    [[capture, out, '--impair-out', 'x'], /nothing is impaired/],
    [[capture, out, '--impair', 'loss=1%', '--impair-file', 'x'], /exclude each other/],
    [[capture, path.join(place.folder, 'no/such/out.pcap')], /cannot write .*ENOENT/],
  ] as const) {
    const { code, err } = await run(['edit', ...args]);
    t.equal(code, 2, args.join(' '));
    t.match(err, message);
    t.notOk(existsSync(out), args.join(' '));
  }
  for (const args of [
    ['run', 'steady', '--merge', capture],
    ['run', '--target', 'sleep 1', '--duration', '1s', '--impair', 'loss=1%'],
  ]) {
    const { code, err } = await run(args);
    t.equal(code, 2, args.join(' '));
    t.match(err, /\n[A-Z].*\w\.$/m, 'with a way out');
  }
});
