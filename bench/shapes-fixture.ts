/**
 * Traffic of one shape: so many exchanges over so many connections, with bodies of one size; written into an agent that reads it
 * from standard input to witnesses. What the agent took comes from itself and, of time and memory, from the operating system.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Flag, HostileCapture } from '../agent/commands/hostile-fixture.ts';
import { measureProcess } from './measured-process.ts';

const root = path.resolve(import.meta.dirname, '..');

export interface Shape {
  /** All open at the same time; exchanges take turns over them. */
  readonly connections: number;
  readonly exchanges: number;
  /** Of a response's JSON body. */
  readonly bodyBytes: number;
  /** No two exchanges are equal: a number in the target and one in the body. @default false */
  readonly varied?: boolean;
  /** How often resident memory is read. @default 100 */
  readonly readings?: number;
}

export interface ShapeFigures {
  readonly exitCode: number | null;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** Of frames. */
  readonly wireBytes: number;
  readonly counters: Readonly<Record<string, number>>;
  /** Resident bytes after so many exchanges. */
  readonly resident: readonly { readonly exchanges: number; readonly bytes: number }[];
}

const readingsDefault = 100;

/** Of members that are texts, a hundred bytes each: as dense in values as what APIs answer. */
const words = 'what people write about a thing that is for sale, with its size and colour, in some sentence or two';

/** A JSON text of exactly so many bytes: objects of common members, filled up by a string. */
export function jsonOf(length: number): Buffer {
  if (length < 2) return Buffer.from('1');
  if (length < 32) return Buffer.from(`"${'x'.repeat(length - 2)}"`);
  const items: string[] = [];
  let used = 2;
  for (let i = 0; ; i += 1) {
    const item = `{"id":${100_000 + i},"name":"item ${i}","price":${i % 97}.5,"tags":["a","b"],"active":true,"note":null,"text":"${words}"}`;
    if (used + item.length + 1 > length - 24) break;
    items.push(item);
    used += item.length + 1;
  }
  const text = `[${items.map((item) => `${item},`).join('')}""]`;
  return Buffer.from(`${text.slice(0, -2)}${'y'.repeat(length - text.length)}"]`);
}

/** Gives the whole traffic to `capture`; calls back after each exchange. */
async function play(shape: Shape, capture: HostileCapture, done: (exchanges: number) => void): Promise<void> {
  const { connections, exchanges, varied = false } = shape;
  const body = varied
    ? Buffer.concat([Buffer.from('[10000000,'), jsonOf(shape.bodyBytes - 11), Buffer.from(']')])
    : jsonOf(shape.bodyBytes);
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const response = Buffer.concat([Buffer.from(head), body]);
  const request = Buffer.from(
    'GET /api/items/10000000?page=2 HTTP/1.1\r\nHost: api.example\r\nAccept: application/json\r\nAuthorization: Bearer abcdefghijklmnop\r\n\r\n',
  );
  const places: [bytes: Buffer, end: number][] = varied
    ? [
        [request, request.indexOf('?') - 1],
        [response, response.length - body.length + 8],
      ]
    : [];
  const next = new Float64Array(connections * 2).fill(1);
  for (let i = 0; i < connections; i += 1) await capture.open(i);
  for (let i = 0; i < exchanges; i += 1) {
    const connection = i % connections;
    const [client, server] = [connection * 2, connection * 2 + 1];
    for (const [bytes, end] of places) countUp(bytes, end);
    next[client] = await capture.send(connection, 0, next[client]!, request, next[server]!);
    next[server] = await capture.send(connection, 1, next[server]!, response, next[client]!);
    done(i + 1);
  }
  for (let i = 0; i < connections; i += 1) {
    await capture.segment(i, 0, Flag.fin | Flag.ack, next[i * 2]!, undefined, next[i * 2 + 1]!);
    await capture.segment(i, 1, Flag.fin | Flag.ack, next[i * 2 + 1]!, undefined, next[i * 2]!);
  }
}

/** The next decimal number, in the digits up to `end`. */
function countUp(bytes: Buffer, end: number): void {
  let at = end;
  for (; bytes[at] === 0x39; at -= 1) bytes[at] = 0x30;
  bytes[at]! += 1;
}

/** @throws Error without GNU time. */
export async function shapeFigures(shape: Shape, options: readonly string[] = []): Promise<ShapeFigures> {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-shapes-'));
  try {
    const stats = path.join(folder, 'stats.json');
    const agent = [path.join(root, 'bin/floodgate-agent'), '--read', '-', '--until', 'witnesses', '--stats', stats];
    const resident: { exchanges: number; bytes: number }[] = [];
    let wireBytes = 0;
    const usage = await measureProcess([...agent, ...options], {}, async (time) => {
      const stdin = time.stdin!.on('error', () => {});
      const exited = once(time, 'exit');
      exited.catch(() => {});
      const capture = new HostileCapture(async (chunk) => {
        if (!stdin.write(chunk) && time.exitCode === null) await Promise.race([once(stdin, 'drain'), exited]);
      });
      const step = Math.max(1, Math.floor(shape.exchanges / (shape.readings ?? readingsDefault)));
      await play(shape, capture, (exchanges) => {
        if (exchanges % step === 0) resident.push({ exchanges, bytes: residentOf(time.pid!) });
      });
      await capture.flush();
      stdin.end();
      wireBytes = capture.bytes;
    });
    const counters = JSON.parse(readFileSync(stats, 'utf8')) as Record<string, number>;
    const { exitCode, cpuSeconds, peakRssBytes: peakBytes } = usage;
    return { exitCode, cpuSeconds, peakBytes, wireBytes, counters, resident };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of the one child of GNU time, which is the agent; 0 where it is gone. */
function residentOf(pid: number): number {
  try {
    const agent = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${agent}/status`, 'latin1'))![1]) * 1024;
  } catch {
    return 0;
  }
}

/**
 * The slope of bytes over exchanges, by least squares, and the upper bound of its 99 % interval. What a reading is off goes on in the next one:
 * errors are taken as a first-order autoregression, which leaves (1 − ρ) / (1 + ρ) as many independent readings (Cochrane and Orcutt, 1949).
 */
export function slopeOf(readings: ShapeFigures['resident']): { readonly slope: number; readonly upper: number } {
  const n = readings.length;
  const meanX = readings.reduce((sum, each) => sum + each.exchanges, 0) / n;
  const meanY = readings.reduce((sum, each) => sum + each.bytes, 0) / n;
  let [xx, xy] = [0, 0];
  for (const { exchanges, bytes } of readings) {
    xx += (exchanges - meanX) ** 2;
    xy += (exchanges - meanX) * (bytes - meanY);
  }
  const slope = xy / xx;
  const errors = readings.map(({ exchanges, bytes }) => bytes - meanY - slope * (exchanges - meanX));
  const rest = errors.reduce((sum, error) => sum + error ** 2, 0);
  const together = errors.reduce((sum, error, i) => sum + error * (errors[i - 1] ?? 0), 0);
  const correlation = rest === 0 ? 0 : Math.min(0.99, Math.max(0, together / rest));
  const widening = Math.sqrt((1 + correlation) / (1 - correlation));
  return { slope, upper: slope + 2.576 * widening * Math.sqrt(rest / (n - 2) / xx) };
}
