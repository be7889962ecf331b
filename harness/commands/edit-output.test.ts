/** What `floodgate edit` writes: never over what it reads, never half a file, and what was there stays until the new one is whole. */
import { spawn } from 'node:child_process';
import { linkSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { exchangesCapture } from '../../agent/commands/capture-fixture.ts';
import { outcomeOf, program, run, workplace } from './cli-trial.ts';

t.setTimeout(120_000);
const impair = ['--impair', 'loss=1%'];

function place(t: Parameters<typeof workplace>[0]) {
  const { folder } = workplace(t);
  const at = (name: string) => path.join(folder, name);
  writeFileSync(at('in.pcap'), exchangesCapture(50));
  const names = () => readdirSync(folder).sort();
  return { folder, at, names, bytes: readFileSync(at('in.pcap')), before: names() };
}

t.test('no output is an input or another output, whatever it is called', async (t) => {
  const { at, names, bytes, before } = place(t);
  linkSync(at('in.pcap'), at('hard.pcap'));
  const input = at('in.pcap');
  for (const [args, message] of [
    [[input, at('out.pcap'), ...impair, '--impair-out', input], /while it is read/],
    [[input, at('out.pcap'), ...impair, '--impair-out', at('hard.pcap')], /while it is read/],
    [[input, at('out.pcap'), '--merge', at('hard.pcap'), ...impair, '--impair-out', input], /while it is read/],
    [[input, at('hard.pcap')], /while it is read/],
    [[input, at('out.pcap'), ...impair, '--impair-out', `${at('.')}/./out.pcap`], /written twice/],
    [[input, at('a'), '--impair-file', at('a')], /while it is read/],
  ] as const) {
    const { code, err } = await run(['edit', ...args]);
    t.equal(code, 2, args.join(' '));
    t.match(err, message);
    t.match(err, /another name/);
    t.same(readFileSync(input), bytes, 'the input is whole');
  }
  t.same(names(), ['hard.pcap', ...before].sort());
});

t.test('a failure, and Ctrl-C, leave an existing file as it was, and no other', async (t) => {
  const { at, names, bytes } = place(t);
  writeFileSync(at('broken.pcap'), Buffer.concat([bytes, Buffer.alloc(600_000, 0xff)]));
  writeFileSync(at('out.pcap'), 'old');
  writeFileSync(at('out.impair.jsonl'), 'old');
  const before = names();
  const schedule = [...impair, '--impair-out', at('out.impair.jsonl')];
  const broken = await run(['edit', at('broken.pcap'), at('out.pcap'), ...schedule]);
  t.equal(broken.code, 2);
  t.match(broken.err, /malformed capture/);
  const child = spawn(program, ['edit', at('in.pcap'), at('out.pcap'), ...schedule, '--loop', '1000000']);
  const outcome = outcomeOf(child);
  for (let i = 0; i < 500 && !names().some((name) => name.endsWith('.part')); i += 1) await sleep(20);
  await sleep(300);
  child.kill('SIGINT');
  const { code, err } = await outcome;
  t.equal(code, 3, err);
  t.match(err, /interrupted: .*out\.pcap was not written/);
  t.same(names(), before);
  for (const name of ['out.pcap', 'out.impair.jsonl']) t.equal(readFileSync(at(name), 'latin1'), 'old');
  const done = await run(['edit', at('in.pcap'), at('out.pcap'), ...schedule]);
  t.equal(done.code, 0, done.err);
  t.same(names(), before);
  for (const name of ['out.pcap', 'out.impair.jsonl']) t.not(readFileSync(at(name), 'latin1'), 'old');
});

t.test('Ctrl-C ends the waiting for a pipe that says nothing more', async (t) => {
  const { at, names, bytes, before } = place(t);
  const child = spawn(program, ['edit', '-', at('out.pcap')]);
  const outcome = outcomeOf(child);
  child.stdin.write(bytes.subarray(0, bytes.length - 100));
  for (let i = 0; i < 1_000 && !names().some((name) => name.endsWith('.part')); i += 1) await sleep(20);
  child.kill('SIGINT');
  const { code, err } = await outcome;
  t.equal(code, 3, err);
  t.same(names(), before);
});

t.test('a capture that ends early: its whole frames, said to be a part, and no success', async (t) => {
  const { at, bytes } = place(t);
  const packed = gzipSync(bytes);
  writeFileSync(at('cut.pcap.gz'), packed.subarray(0, packed.length - 20));
  writeFileSync(at('cut.pcap'), bytes.subarray(0, bytes.length - 20));
  for (const name of ['cut.pcap.gz', 'cut.pcap']) {
    const { code, err } = await run(['edit', at(name), at('out.pcap')]);
    t.equal(code, 4, name);
    t.match(err, new RegExp(`^\\d+ frames in .*\\n  recording: .*${name} ends early, .*nothing behind them`));
    const none = name === 'cut.pcap' ? ['--from', '1h'] : [];
    const again = await run(['edit', at('out.pcap'), at('again.pcap'), ...none]);
    t.notMatch(again.err, /ends early/, 'what was written is whole');
    t.equal(again.code, none.length > 0 ? 4 : 0, 'no frame in the window is no success either');
    if (none.length > 0) t.match(again.err, /^0 frames in .*\nfloodgate: no frame was left/);
  }
});

t.test('an error with standard output is one of the operator, not a stack trace', async (t) => {
  const { at, bytes } = place(t);
  writeFileSync(at('broken.pcap'), Buffer.concat([bytes, Buffer.alloc(600_000, 0xff)]));
  for (const [file, output, message] of [
    ['broken.pcap', at('out'), /malformed capture/],
    ['in.pcap', '/dev/full', /cannot write standard output: ENOSPC/],
  ] as const) {
    const child = spawn(program, ['edit', at(file), '-'], { stdio: ['ignore', openSync(output, 'w'), 'pipe'] });
    let err = '';
    child.stderr!.on('data', (text: Buffer) => (err += text.toString()));
    const code = await new Promise((resolve) => child.on('close', resolve));
    t.equal(code, 2);
    t.match(err, message);
    t.notMatch(err, /\n +at /);
  }
});
