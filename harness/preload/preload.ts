/**
 * Runs inside a Node.js target before its own code (`--import`): V8's figures and collections on descriptor 3, and
 * on command allocation profiles, live-heap profiles and snapshots. In a measuring pass it does nothing but read
 * counters; what that costs is in docs/instruments.md.
 */
import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { HeapWatch, nowMs } from './heap-watch.ts';
import {
  type FamilyOrder,
  familyVariable,
  linesRefused,
  type PreloadLine,
  type PreloadOptions,
  preloadVariable,
} from './options.ts';
// Not loaded only where it is asked for: the compile cache is filled by a start that asks for nothing.
import { StepReadings } from './step.ts';

/** Where it runs: a thread has its number, a child its socket. */
interface Place {
  readonly thread?: number;
  readonly socket?: Socket;
}

async function observe(options: PreloadOptions, { thread, socket }: Place = {}): Promise<void> {
  const { channel } = options;
  const tagged = (line: PreloadLine) =>
    send(channel, thread === undefined ? line : ({ ...line, thread } as PreloadLine));
  if (thread === undefined) {
    const name = `Node.js ${process.versions.node} (V8 ${process.versions.v8})`;
    send(channel, { type: 'runtime', name, pid: process.pid });
  } else send(channel, { type: 'thread', tMs: nowMs(), id: thread, name: threadName() });
  const { inStep, byRequests, countsOffHeap, intervalMs } = options;
  const beforeFirstMark = byRequests ? (await import('./collect-all.ts')).collectAll : undefined;
  const heap = new HeapWatch(tagged, { beforeFirstMark, countsOffHeap });
  // Those a service ends while it goes on itself.
  if (thread !== undefined || socket) heap.sayWhenDrained();
  if (inStep) new StepReadings(heap);
  else setInterval(() => (byRequests ? heap.reportIfIdle() : heap.report()), intervalMs).unref();
  // Of the main thread: whoever starts a worker hears of its end. The exception itself may hold secrets.
  if (thread === undefined)
    process.on('uncaughtExceptionMonitor', () => {
      const isCaught = process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();
      send(channel, { type: 'uncaught', tMs: nowMs(), isFatal: !isCaught });
    });
  process.on('exit', () => {
    heap.reportLast();
    if (thread !== undefined) send(channel, { type: 'threadEnd', tMs: nowMs(), id: thread });
  });
  const { profile, snapshots, cpu, settles, family, lines } = options;
  if (thread === undefined && family) {
    const { takeAlong } = await import('./family.ts');
    const { channel: _, ...rest } = options;
    takeAlong({ ...family, pid: process.pid, channel, options: rest }, tagged);
  }
  // A measuring pass loads nothing more: what disturbs is in a module of its own.
  if (!profile && !snapshots && !cpu && !settles) return;
  const sites = profile?.offHeapSampleBytes
    ? (await import('./off-heap-sites.ts')).installOffHeapSites(profile.offHeapSampleBytes, profile.kind)
    : undefined;
  if (lines && !(await import('./lines.ts')).replaceSource(lines.url, lines.file)) {
    tagged({ type: 'error', tMs: nowMs(), message: linesRefused });
  }
  const { Instruments } = await import('./instruments.ts');
  const instruments = new Instruments({ ...options, ...(thread !== undefined && { thread }) }, sites, {
    send: tagged,
    requests: () => heap.requests,
    wasmBytes: settles ? (await import('./wasm-memories.ts')).watchWasmMemories() : () => 0,
  });
  const { listenForCommands } = await import('./commands.ts');
  listenForCommands((line) => instruments.command(line), { channel, isThread: thread !== undefined, socket });
  instruments.begin();
  // The target itself is asked before it ends.
  if (thread !== undefined || socket) process.on('exit', () => instruments.finish());
}

// Synchronous, so that the last line before an exit arrives too. A channel that is full or gone must not stop the target.
function send(channel: number, line: PreloadLine): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`, 'latin1');
  for (let at = 0, tries = 0; at < bytes.length && tries < 50; tries++) {
    try {
      at += writeSync(channel, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      // A line cut in half would spoil the next one, so the rest of a begun line is waited for, 50 ms at most.
      if (at === 0 && tries > 5) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** As it was given, or its file. */
function threadName(): string {
  const { threadName: given } = process.getBuiltinModule('node:worker_threads') as { threadName?: string };
  const file = process.argv[1] ?? '';
  // That is what Node.js calls a thread that nobody named.
  return (
    (given !== 'WorkerThread' && given) || (file.startsWith('[') ? file : path.basename(file)) || 'code from a text'
  );
}

/** A child of the target finds its channel by a socket. Undefined where there is none any more. */
async function joinFamily(order: FamilyOrder): Promise<void> {
  const { connect } = await import('node:net');
  const socket = connect(order.socket);
  socket.on('error', () => {});
  socket.unref();
  // A local socket is connected before this returns.
  const { fd } = (socket as unknown as { _handle?: { fd?: number } })._handle ?? {};
  if (fd === undefined || fd < 0) return;
  await observe({ ...order.options, channel: fd }, { socket });
}

const text = process.env[preloadVariable];
const inherited = process.env[familyVariable];
if (text !== undefined) {
  delete process.env[preloadVariable];
  await observe(JSON.parse(text));
} else if (inherited !== undefined) {
  const order: FamilyOrder = JSON.parse(inherited);
  if (order.pid !== process.pid) await joinFamily(order);
  else {
    const { threadId } = process.getBuiltinModule('node:worker_threads');
    await observe({ ...order.options, channel: order.channel }, { thread: threadId });
  }
} else {
  // A start that asks for nothing fills the compile cache: what a measuring pass through a device loads has to be in it.
  await import('./family.ts');
}
