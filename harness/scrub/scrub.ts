/** A capture scrubbed: read once for what its streams say, and once more for its frames. */

import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { deriveLimits } from '../../agent/limits.ts';
import { emptyStreamDescription, TcpLayer } from '../../agent/tcp/tcp.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { AddressMap } from './address-map.ts';
import { ByteStore } from './byte-store.ts';
import { connectionKey, FrameScrubber } from './frame-scrubber.ts';
import type { ScrubCounts } from './scrub-counts.ts';
import { ScrubStreams } from './scrub-streams.ts';

export interface ScrubOrder {
  /** Opens the same frames each time. @throws FloodgateError */
  readonly open: () => Promise<Traffic> | Traffic;
  /** 16 bytes that nobody knows: equal things are equal in all that is scrubbed with the same. */
  readonly key: Uint8Array;
  /** The file that is written: beside it lies what takes the place of payload, meanwhile. */
  readonly beside: string;
}

/** Of the layers that put streams together. */
const readerMemoryBytes = 256 << 20;
const framesPerRead = 4_096;
const interfaces = [{ name: '', linkType: 1, snapLength: 0 }];

/** The scrubbed frames, to be read once; `counts` are whole when they have been. */
export class ScrubbedTraffic implements Traffic {
  readonly linkType = 1;
  readonly framesExpected: number;
  readonly bytesExpected = undefined;
  readonly durationUs = undefined;
  readonly phases = [];
  readonly impairments = [];
  readonly counts: ScrubCounts;
  readonly addresses: AddressMap;
  readonly #source: Traffic;
  readonly #store: ByteStore;
  readonly #scrubber: FrameScrubber;

  constructor(source: Traffic, store: ByteStore, streams: ScrubStreams, key: Uint8Array, framesExpected: number) {
    const { connections, counts } = streams;
    this.framesExpected = framesExpected;
    this.#source = source;
    this.#store = store;
    this.counts = counts;
    this.addresses = new AddressMap(key);
    this.#scrubber = new FrameScrubber({ connections, store, addresses: this.addresses, counts });
  }

  read(sink: FrameSink, framesMax: number): number {
    this.#scrubber.next = sink;
    return this.#source.read(this.#scrubber, framesMax);
  }

  truth(): undefined {
    return undefined;
  }

  close(): void {
    this.#source.close();
    this.#store.close();
  }
}

/** Reads all once. @throws FloodgateError where the capture cannot be read, or is too large */
export async function scrubTraffic(order: ScrubOrder): Promise<ScrubbedTraffic> {
  const store = new ByteStore(order.beside);
  try {
    const { streams, frames } = await readStreams(order, store);
    return new ScrubbedTraffic(await order.open(), store, streams, order.key, frames);
  } catch (error) {
    store.close();
    throw error;
  }
}

async function readStreams(
  { key, open }: ScrubOrder,
  store: ByteStore,
): Promise<{ streams: ScrubStreams; frames: number }> {
  let frames = 0;
  const description = emptyStreamDescription();
  const describe = (stream: number) => {
    const { clientAddress, clientPort, serverAddress, serverPort } = tcp.describe(stream, description);
    const client = `${clientAddress}:${clientPort}`;
    return { client, key: connectionKey(client, `${serverAddress}:${serverPort}`) };
  };
  const streams = new ScrubStreams(key, store, describe, () => frames);
  const view = new DataView(key.buffer, key.byteOffset);
  const limits = deriveLimits({ memoryBytes: readerMemoryBytes });
  const tcp: TcpLayer = new TcpLayer({
    limits: limits.tcp,
    handler: streams,
    source: { interfaces },
    // A capture may be an attacker's; the hash of the table gives nothing of the key away.
    hashSeed: [view.getInt32(0) ^ 0x5bd1_e995, view.getInt32(8) ^ 0x1b87_3593],
  });
  const sink: FrameSink = {
    frame(...frame) {
      frames += 1;
      tcp.frame(...frame);
    },
  };
  await readAll({ open }, sink);
  tcp.finish();
  return { streams, frames };
}

async function readAll({ open }: Pick<ScrubOrder, 'open'>, sink: FrameSink): Promise<void> {
  const traffic = await open();
  try {
    while (traffic.read(sink, framesPerRead) >= 0);
  } finally {
    traffic.close();
  }
}
