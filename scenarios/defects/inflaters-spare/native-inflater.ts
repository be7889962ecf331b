/** The real decompressors, with spare ones beside them. */
import { createInflateRaw, type InflateRaw } from 'node:zlib';
import { NativeInflater as RealInflater } from '../../../agent/coding/native-inflater.ts';

export * from '../../../agent/coding/native-inflater.ts';

const spares: InflateRaw[] = [];

export class NativeInflater extends RealInflater {
  override reset(): void {
    readySpare();
    super.reset();
  }
}

function readySpare(): void {
  spares.push(createInflateRaw({ chunkSize: 16_384 }));
}
