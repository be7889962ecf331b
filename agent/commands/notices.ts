/** What a capturing agent says on standard error while it runs. */
import { writeSync } from 'node:fs';
import type { CaptureStats } from '../capture/frame-source.ts';
import { type Counters, dropShare } from '../stats.ts';
import type { Pressure } from '../tcp/limits.ts';

/** At once and past `process.stderr`, which takes 4 ms of CPU to make. */
export function report(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  let at = 0;
  try {
    while (at < bytes.length) at += writeSync(2, bytes, at);
  } catch {
    // A pipe that is full, or without a reader: it knows what to do.
    process.stderr.write(bytes.subarray(at));
  }
}

export function reportPressure(ceilingBytes: number, level: Pressure): void {
  const names = ['sheds nothing', 'refuses new streams', 'sheds out-of-order data', 'sheds bodies'];
  report(`memory: ${megabytes(process.memoryUsage.rss())} of ${megabytes(ceilingBytes)}: ${names[level]}`);
}

/**
 * What a capture that is over leaves to be said.
 * @param notDecoded what it held beside HTTP/1, as a sentence; null for nothing
 */
export function reportEnd(interfaces: readonly CaptureStats[], notDecoded: string | null, counters: Counters): void {
  reportDrops(interfaces);
  reportOverload(counters);
  if (notDecoded !== null) report(notDecoded);
  reportSharedAddresses(counters);
}

/** What could not be kept up with. */
function reportOverload(counters: Counters): void {
  const of = (name: string) => counters[`overload.${name}`] ?? 0;
  const shed = of('exchangesSampled') + of('exchangesFraming');
  const bodies = of('bodiesSampled') + of('bodiesGivenUp');
  const frames = counters['capture.framesShed'] ?? 0;
  const parts: string[] = [];
  if (shed > 0) parts.push(`${shed} exchanges were left without a witness`);
  if (bodies > 0) parts.push(`the bodies of ${bodies} without being looked into`);
  if (frames > 0) parts.push(`${frames} frames of connections without being seen`);
  if (parts.length > 0) report(`overload: ${parts.join(', ')}; what was made says how many it stands for`);
}

/** Above it, what several threads leave unpaired is more than what comes before the first and after the last packet. */
const unpairedShareMax = 0.05;

/** Several threads: pairs that may be missing because the kernel gave a connection's two directions to two of them. */
export function reportUnpaired(counters: Counters): void {
  const of = (name: string) => counters[`http.${name}`] ?? 0;
  const [requests, unanswered, unasked] = [of('requests'), of('requestsUnanswered'), of('responsesUnasked')];
  if (Math.min(unanswered, unasked) <= unpairedShareMax * requests) return;
  report(
    `${unanswered} of ${requests} requests found no response, and ${unasked} responses no request: several threads share ` +
      'traffic in tunnels (VXLAN, GRE) by its outer addresses; if this is such traffic, leave --workers out',
  );
}

/** Two conversations with the same addresses and ports: whether they were kept apart. */
function reportSharedAddresses(counters: Counters): void {
  const apart = counters['tcp.conversationsApart'] ?? 0;
  const mixed = counters['tcp.conversationsMixed'] ?? 0;
  if (apart > 0) {
    const which = apart === 1 ? '1 conversation' : `${apart} conversations`;
    report(`${which} had the addresses and ports of one in another network (VLAN, VXLAN): kept apart`);
  }
  if (mixed > 0) {
    const advice = 'if they are in different networks, --separate-networks always keeps them apart';
    const often = mixed === 1 ? 'once' : `${mixed} times`;
    report(`${often} two conversations took turns on the same addresses and ports: not kept apart; ${advice}`);
  }
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

/** Per interface: what the kernel could not hand over, as a share of what passed. Sources that cannot know print nothing. */
function reportDrops(interfaces: readonly CaptureStats[]): void {
  for (const one of interfaces) {
    const { name, framesReceived, framesDropped } = one;
    if (framesDropped === null) continue;
    const share = `${(dropShare(one)! * 100).toFixed(2)} %`;
    const advice = framesDropped === 0 ? '' : '; a larger --ring-size may help';
    report(`${name}: ${framesReceived} frames, ${framesDropped} dropped by the kernel (${share})${advice}`);
  }
}
