/** What is done with bodies, beyond HTTP: loaded only where something wants to see into them. */
import { DecoderPool } from '../coding/decoder-pool.ts';
import type { MessageHandler } from '../http/message-handler.ts';
import type { AgentLimits } from '../limits.ts';
import type { Counters } from '../stats.ts';
import { BodyBuffers } from './json-document.ts';

/** What makes witnesses, as far as the agent's loop has to know it. */
export interface WitnessStage extends MessageHandler {
  shedBodies: boolean;
  readonly counters: object;
  readonly pending: number;
  readonly values: { readonly bytes: number; readonly bytesPeak: number; readonly shed: number };
  advance(tsUs: number): void;
  finish(): void;
}

/** Decoders and buffers that all who read bodies share. */
export class BodyStage {
  readonly decoders: DecoderPool;
  readonly buffers: BodyBuffers;
  witnesses: WitnessStage | null = null;

  constructor(limits: AgentLimits) {
    this.decoders = new DecoderPool(limits.decoderBytesMax);
    this.buffers = new BodyBuffers(limits.bodyBufferBytesMax);
  }

  counters(): Counters {
    const counters: Counters = {
      'body.decoderBytes': this.decoders.bytesInUse,
      'body.bufferBytes': this.buffers.bytesInUse,
      'body.bufferBytesPeak': this.buffers.bytesPeak,
      'body.decoderBytesPeak': this.decoders.bytesPeak,
    };
    if (this.witnesses === null) return counters;
    for (const [name, value] of Object.entries(this.witnesses.counters)) counters[`witness.${name}`] = value as number;
    counters['witness.pending'] = this.witnesses.pending;
    counters['witness.valueBytes'] = this.witnesses.values.bytes;
    counters['witness.valueBytesPeak'] = this.witnesses.values.bytesPeak;
    counters['witness.valuesShed'] = this.witnesses.values.shed;
    return counters;
  }
}
