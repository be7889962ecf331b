/** Any traffic with its frames spread over several interfaces: by their flow, or as they were captured. In constant memory. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { Segment } from './segment.ts';
import type { ImpairmentRecord, Phase, Traffic, Truth } from './traffic.ts';

/** Plain data. */
export interface SpreadOrder {
  /** 2 to 64. */
  readonly interfaces: number;
  /**
   * `flow`: both directions of a connection to one, as a card with several queues does; fragments and other packets by their two hosts.
   * `interface`: by the capture's own numbers, of merged captures by file, of floods by part; beyond the last it begins again.
   */
  readonly by: 'flow' | 'interface';
}

/** As many as the agent captures from at once. */
export const interfacesMax = 64;

export class SpreadTraffic implements Traffic, FrameSink {
  readonly linkType: number;
  readonly framesExpected: number | undefined;
  readonly bytesExpected: number | undefined;
  readonly durationUs: number | undefined;
  readonly phases: readonly Phase[];
  readonly #source: Traffic;
  readonly #order: SpreadOrder;
  readonly #segment = new Segment();
  readonly #frames: Float64Array;
  #target: FrameSink | undefined;

  constructor(source: Traffic, order: SpreadOrder) {
    const { linkType, framesExpected, bytesExpected, durationUs, phases } = source;
    this.linkType = linkType;
    this.framesExpected = framesExpected;
    this.bytesExpected = bytesExpected;
    this.durationUs = durationUs;
    this.phases = phases;
    this.#source = source;
    this.#order = order;
    this.#frames = new Float64Array(order.interfaces);
  }

  get impairments(): readonly ImpairmentRecord[] {
    const { interfaces, by } = this.#order;
    const shares = Array.from(this.#frames, (count) => count.toLocaleString('en-US')).join(' + ');
    const description = `${interfaces} interfaces, by ${by}: ${shares}`;
    const frames = this.#frames.reduce((sum, count) => sum + count, 0);
    return [...this.#source.impairments, { kind: 'spread', description, frames }];
  }

  read(sink: FrameSink, framesMax: number): number {
    this.#target = sink;
    return this.#source.read(this, framesMax);
  }

  /** From the source. Hot path. */
  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    const { interfaces, by } = this.#order;
    const at = (by === 'flow' ? this.#flowHash(bytes, start, end) : interfaceIndex) % interfaces;
    this.#frames[at]! += 1;
    this.#target!.frame(bytes, start, end, wireLength, tsUs, at);
  }

  truth(): Truth | undefined {
    return this.#source.truth();
  }

  close(): void {
    this.#source.close();
  }

  /** The same for both directions of a connection; 0 for what has no addresses. */
  #flowHash(bytes: Uint8Array, start: number, end: number): number {
    const segment = this.#segment;
    if (segment.read(bytes, start, end)) {
      const { key } = segment;
      // The VLAN stands behind addresses and ports.
      let hash = 0;
      for (let at = 0; at < 9; at += 1) hash = mixed(hash, key[at]!);
      return hash >>> 0;
    }
    const { ipStart, ipVersion } = segment;
    if (ipStart < 0) return 0;
    const [first, length] = ipVersion === 4 ? [ipStart + 12, 4] : [ipStart + 8, 16];
    if (first + 2 * length > end) return 0;
    return (hostHash(bytes, first, length) + hostHash(bytes, first + length, length)) >>> 0;
  }
}

function hostHash(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0;
  for (let at = start; at < start + length; at += 1) hash = mixed(hash, bytes[at]!);
  return hash;
}

/** A multiplication and a shift, so that low bits depend on all (Knuth's constant for Fibonacci hashing). */
function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e37_79b1);
  return product ^ (product >>> 15);
}
