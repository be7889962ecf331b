/** Whose body stands under which request, from captures with losses and delays to every output. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { inspectWitnessFile } from '../encode/inspected-fixture.ts';
import { PcapWriter } from '../pcap/pcap-writer.ts';
import { TcpFlag } from '../wire/packet.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';

const program = path.join(import.meta.dirname, '..', 'main.ts');
const shared = process.env.FLOODGATE_SHARED ?? path.join(import.meta.dirname, '../../../shared');
const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-pairs-'));
const file = (name: string) => path.join(folder, name);
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

interface Entry {
  _pairing: string;
  comment?: string;
  request: { method: string; url: string };
  response: { status: number; content: { text?: string } };
}

function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`exit ${status}: ${stderr}`);
  return stdout;
}

/** `/1 one certain` of each entry, in the order of the file. */
function entriesOf(capture: string): string[] {
  const har = file('pairs.har');
  run('--read', capture, '--har', har, '--obfuscate', 'off');
  const { entries } = JSON.parse(readFileSync(har, 'utf8')).log as { entries: Entry[] };
  return entries.map(({ request, response, _pairing }) => {
    const target = request.method === '' ? '-' : new URL(request.url).pathname;
    const answer = response.status === 0 ? '-' : (response.content.text ?? '').slice(0, 8);
    return `${target} ${answer} ${_pairing}`;
  });
}

/** One connection whose sides take turns; what the tap misses is sent all the same. */
class Talk {
  readonly #frames: { tsUs: number; bytes: Uint8Array }[] = [];
  readonly #sent = [0, 0];
  readonly #clientLateUs: number;
  #tsUs = 1_700_000_000_000_000;

  constructor(clientLateUs = 0) {
    this.#clientLateUs = clientLateUs;
    this.#send(0, TcpFlag.syn, '', true);
    this.#send(1, TcpFlag.syn | TcpFlag.ack, '', true);
    this.#sent.fill(1);
    this.#send(0, TcpFlag.ack, '', true);
  }

  /** What the client says and no HTTP is. */
  preface(text: string): this {
    return this.#send(0, TcpFlag.ack | TcpFlag.psh, text, true);
  }

  request(target: string, isSeen = true): this {
    return this.#send(0, TcpFlag.ack | TcpFlag.psh, `GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`, isSeen);
  }

  /** In pieces, of which those named are not seen. */
  response(pieces: readonly string[], missed: readonly number[] = []): this {
    for (const [index, piece] of pieces.entries()) {
      this.#send(1, TcpFlag.ack | TcpFlag.psh, piece, !missed.includes(index));
      this.#send(0, TcpFlag.ack, '', true);
    }
    return this;
  }

  exchange(target: string, body: string): this {
    return this.request(target).response([counted(body)]);
  }

  /** Writes it down as a capture file. @returns its name */
  capture(name: string): string {
    const pieces: Uint8Array[] = [];
    const writer = new PcapWriter((bytes, start, end) => pieces.push(bytes.slice(start, end)), { linkType: 1 });
    for (const { bytes, tsUs } of this.#frames.sort((one, other) => one.tsUs - other.tsUs)) {
      writer.frame(bytes, 0, bytes.length, bytes.length, tsUs);
    }
    writer.flush();
    writeFileSync(file(name), Buffer.concat(pieces));
    return file(name);
  }

  #send(side: 0 | 1, flags: number, payload: string, isSeen: boolean): this {
    const addresses = ['10.0.0.1', '10.0.0.2'];
    const ports = [40_000, 80];
    this.#tsUs += 1000;
    const bytes = buildTcpFrame({
      ...{ source: addresses[side]!, destination: addresses[side ^ 1]! },
      ...{ sourcePort: ports[side]!, destinationPort: ports[side ^ 1]! },
      ...{ sequence: 5000 * side + this.#sent[side]!, acknowledgement: 5000 * (side ^ 1) + this.#sent[side ^ 1]! },
      ...{ flags, payload: Buffer.from(payload) },
    });
    this.#sent[side]! += payload.length;
    if (isSeen) this.#frames.push({ tsUs: this.#tsUs + (side === 0 ? this.#clientLateUs : 0), bytes });
    return this;
  }
}

function counted(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

const chunkedHead = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n';
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const certain = (from: number, to: number) => numbers(from, to).map((n) => `/${n} r${n} certain`);

/** A capture of each kind, the given file of that kind, and what both must come to. */
const late = new Talk(10_000);
for (const n of numbers(0, 40)) late.exchange(`/${n}`, `r${n}`);
const lost = new Talk().exchange('/1', 'one');
lost
  .request('/2', false)
  .response([counted('two')])
  .exchange('/3', 'three')
  .exchange('/4', 'four');
const lastChunk = new Talk().request('/1').response([`${chunkedHead}5\r\nhello\r\n`, '0\r\n\r\n'], [1]);
const oneChunk = new Talk().request('/1');
oneChunk.response(
  [
    `${chunkedHead}400\r\n${'a'.repeat(1000)}`,
    `${'a'.repeat(24)}\r\n800\r\n${'a'.repeat(1400)}`,
    `${'a'.repeat(648)}\r\n0\r\n\r\n`,
  ],
  [1],
);
for (const talk of [lastChunk, oneChunk]) for (const n of numbers(2, 60)) talk.exchange(`/${n}`, `r${n}`);

const kinds = [
  { name: 'wrong-pair-client-side-10ms-late', talk: late, entries: certain(0, 40), given: certain(0, 10) },
  {
    ...{ name: 'wrong-pair-request-lost', talk: lost },
    entries: ['- two absent', '/1 one certain', '/3 three certain', '/4 four certain'],
  },
  {
    ...{ name: 'unpaired-after-5-byte-gap', talk: lastChunk },
    entries: ['/1 hello certain', ...certain(2, 60)],
  },
  {
    ...{ name: 'unpaired-after-chunked-gap', talk: oneChunk },
    entries: ['/1 aaaaaaaa certain', ...certain(2, 60)],
  },
];

for (const { name, talk, entries, given } of kinds) {
  t.test(`a capture like ${name}`, (t) => {
    const capture = talk.capture(`${name}.pcap`);
    t.same(entriesOf(capture).sort(), entries.toSorted());
    t.end();
  });
  const capture = path.join(shared, 'inputs', `${name}.pcap`);
  const skip = existsSync(capture) ? false : `SKIPPED: ${capture} is absent`;
  t.test(`the given ${name}`, { skip }, (t) => {
    t.same(entriesOf(capture).sort(), (given ?? entries).toSorted());
    t.end();
  });
}

t.test('bytes that are no request, all of them seen, hide none', (t) => {
  const talk = new Talk()
    .preface('PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\n')
    .exchange('/1', 'r1')
    .exchange('/2', 'r2');
  t.same(entriesOf(talk.capture('preface.pcap')), certain(1, 3));
  t.end();
});

t.test('every output says how sure a pair is', (t) => {
  // Two requests are lost on a connection too young to be known: what follows them is probable.
  const talk = new Talk()
    .exchange('/1', 'one')
    .request('/2', false)
    .response([counted('two')]);
  talk
    .request('/3', false)
    .response([counted('three')])
    .exchange('/4', 'four');
  const capture = talk.capture('probable.pcap');
  const witnesses = file('probable.witnesses');
  t.same(entriesOf(capture).sort(), ['- three absent', '- two absent', '/1 one certain', '/4 four probable']);
  const printed = run('--read', capture, '--print').split('\n');
  t.match(
    printed.find((line) => line.includes('/4')),
    /, probable pair$/,
  );
  t.equal(printed.filter((line) => line.includes('request not seen')).length, 2);
  t.notMatch(
    printed.find((line) => line.includes('/1')),
    /probable/,
  );
  const lines = run('--read', capture, '--messages', '-')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; exchange: number; pairing: string; uri: string });
  const verdict = (uri: string) => {
    const exchange = lines.find((line) => line.uri === uri)!.exchange;
    return lines
      .filter((line) => line.exchange === exchange)
      .map(({ pairing }) => pairing)
      .sort();
  };
  t.same(verdict('/1'), ['certain', 'open']);
  t.same(verdict('/4'), ['open', 'probable']);
  run('--read', capture, '--witnesses', witnesses);
  const pairings = inspectWitnessFile(readFileSync(witnesses)).map(
    (line) => JSON.parse(line).witness.method.meta.http.pairing ?? 'CERTAIN',
  );
  t.same(pairings.sort(), ['ABSENT', 'ABSENT', 'CERTAIN', 'PROBABLE']);
  t.end();
});

t.test(
  'an upload that was refused, and its body never sent: also where the refusal was missed, or came before the upload',
  (t) => {
    const upload = 'PUT /up HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 9000\r\n\r\n';
    const refusal = 'HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno';
    const talk = (isMissed: boolean, clientLateUs: number) => {
      const whole = new Talk(clientLateUs).exchange('/1', 'r1').preface(upload);
      whole.response([refusal], isMissed ? [0] : []);
      for (const n of numbers(2, 12)) whole.exchange(`/${n}`, `r${n}`);
      return whole.capture('refused.pcap');
    };
    const others = ['/1 r1 certain', ...certain(2, 12)].sort();
    t.same(entriesOf(talk(true, 0)).sort(), [...others, '/up - absent'].sort(), 'missed');
    t.same(entriesOf(talk(false, 20_000)).sort(), [...others, '/up no certain'].sort(), 'before the upload');
    t.end();
  },
);
