/** `collect` against clients that send little and want much: a real process, its resident memory read from the kernel. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { keyWitness, witnessDigest } from '../digest/digest.ts';
import { encodeDelimitedWitness } from '../encode/witness-encoder.ts';
import { collectTerms, runtimeBytes } from '../limits.ts';
import * as ir from '../witness/ir.ts';

t.setTimeout(180_000);
const program = path.join(import.meta.dirname, '..', 'main.ts');
const skip = process.platform === 'linux' ? false : 'SKIPPED: reads /proc';
const limitBytes = runtimeBytes + collectTerms().reduce((sum, { bytes }) => sum + bytes, 0);

interface Collecting {
  readonly child: ChildProcess;
  readonly port: number;
  readonly store: string;
  readonly logged: () => string;
}

async function startCollect(t: Test): Promise<Collecting> {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-collect-'));
  const store = path.join(folder, 'store.sqlite');
  const child = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    program,
    ...['collect', '--listen', '127.0.0.1:0', '--store', store],
  ]);
  t.teardown(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  let logged = '';
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    logged += chunk;
    if (/collecting on .*\n/.test(logged)) break;
  }
  child.stderr.on('data', (chunk) => (logged += chunk));
  return { child, store, logged: () => logged, port: Number(/:(\d+)\/v1/.exec(logged)![1]) };
}

const peakBytes = ({ child }: Collecting) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))![1]) * 1024;

function request(body: Buffer, witnesses: number, identity: string): Buffer {
  const head = `POST /v1/witnesses HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n`;
  const names = `Floodgate-Batch: ${identity}\r\nFloodgate-Witnesses: ${witnesses}\r\nConnection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head + names), body]);
}

const identityOf = (number: number) => number.toString(16).padStart(32, '0');

function send(port: number, bytes: Buffer): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(bytes);
  return socket;
}

/** The answer's status, 0 for none; and whether it says when to come again. */
async function answerOf(socket: Socket): Promise<{ status: number; isPutOff: boolean }> {
  let text = '';
  try {
    for await (const chunk of socket) text += chunk;
  } catch {
    // Reset.
  }
  return { status: Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1] ?? 0), isPutOff: /\r\nretry-after: \d/i.test(text) };
}

function delimited(witness: Buffer): Buffer {
  const length: number[] = [];
  let rest = witness.length;
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...length, rest]), witness]);
}

/** A field of this number, of bytes. */
const field = (number: number, bytes: Buffer) => Buffer.concat([Buffer.from([number * 8 + 2]), delimited(bytes)]);

const honest = (number: number): Buffer => {
  const witness = ir.httpWitness('GET', 'api.example', `/items/${number}`, 1);
  keyWitness(witness);
  witnessDigest(witness);
  return Buffer.from(encodeDelimitedWitness(witness)!);
};

/** Witness.method.args: one value, a list of so many empty ones. */
const emptyValues = (count: number) =>
  delimited(field(1, field(2, field(2, field(3, Buffer.alloc(count * 2, Buffer.from([10, 0])))))));

/** Each is some KB of gzip and 33 MB without. */
const bombs: Record<string, Buffer> = {
  'bytes that are no witness': Buffer.alloc(33 << 20, 1),
  'witnesses of no bytes': Buffer.alloc(33 << 20),
  'a witness of 16 million values': emptyValues(16 << 20),
  'a witness of as many values as may be': emptyValues(350_000),
  'a witness of one long text': delimited(field(1, field(1, field(1, Buffer.alloc(32 << 20, 'x'))))),
};

for (const [what, bytes] of Object.entries(bombs)) {
  t.test(`sixty connections at one time, ${what}`, { skip }, async (t) => {
    const collecting = await startCollect(t);
    const body = gzipSync(bytes);
    t.ok(body.length < 70_000, `${body.length} bytes each`);
    const sockets = Array.from({ length: 60 }, (_, i) => send(collecting.port, request(body, 1, identityOf(i))));
    const answers = await Promise.all(sockets.map(answerOf));
    const putOff = answers.filter(({ status }) => status === 503);
    t.ok(putOff.length >= 10, `${putOff.length} are put off: few are decoded, few wait`);
    t.ok(
      putOff.every(({ isPutOff }) => isPutOff),
      'and say when to come again',
    );
    t.ok(
      answers.every(({ status }) => status !== 0),
      'every one has an answer',
    );
    const peak = peakBytes(collecting);
    t.comment(`${what}: peak ${(peak / 1e6).toFixed()} MB of ${(limitBytes / 1e6).toFixed()} MB`);
    t.ok(peak < limitBytes, `${peak} of ${limitBytes}`);
    const good = send(collecting.port, request(gzipSync(honest(1)), 1, identityOf(1_000)));
    t.equal((await answerOf(good)).status, 200, 'and the next agent is served');
    t.equal(statSync(collecting.store).mode & 0o077, 0, 'the store is for its owner alone');
  });
}

t.test('work for those who have gone ends with them', { skip }, async (t) => {
  const collecting = await startCollect(t);
  // A second of work each.
  const many = gzipSync(Buffer.alloc(honest(1).length * 60_000, honest(1)));
  const sockets = Array.from({ length: 40 }, (_, i) => send(collecting.port, request(many, 60_000, identityOf(i))));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  // Work has begun once some are put off.
  await Promise.race(sockets.map((socket) => once(socket, 'data')));
  for (const socket of sockets) socket.destroy();
  const cpu = () => {
    const fields = readFileSync(`/proc/${collecting.child.pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  const good = send(collecting.port, request(gzipSync(honest(1)), 1, identityOf(1_000)));
  t.equal((await answerOf(good)).status, 200);
  const spent = cpu();
  t.ok(spent < 1_000, `${spent} ticks of CPU, not those of forty batches`);
  collecting.child.kill('SIGTERM');
  await once(collecting.child, 'exit');
  t.match(collecting.logged(), /\d+ broken off/);
});
