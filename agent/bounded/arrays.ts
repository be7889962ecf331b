/** Where the arrays of tables lie: each on its own, or one after another in a memory that WebAssembly works on as well. */
import assert from 'node:assert';

/** Makes zeroed arrays of fixed length. */
export interface Arrays {
  uint8(length: number): Uint8Array;
  int8(length: number): Int8Array;
  int16(length: number): Int16Array;
  uint16(length: number): Uint16Array;
  int32(length: number): Int32Array;
  float64(length: number): Float64Array;
}

export const ownArrays: Arrays = {
  uint8: (length) => new Uint8Array(length),
  int8: (length) => new Int8Array(length),
  int16: (length) => new Int16Array(length),
  uint16: (length) => new Uint16Array(length),
  int32: (length) => new Int32Array(length),
  float64: (length) => new Float64Array(length),
};

/** Every array begins at a multiple of this, so that a bound of their sum needs no more than this for each. */
export const alignmentBytes = 8;

/** Arrays in one memory, which must be large enough for all of them: their `byteOffset` is their address in it. */
export class ArraysInMemory implements Arrays {
  readonly buffer: ArrayBuffer;
  #end: number;

  /** @param start what lies before belongs to others */
  constructor(buffer: ArrayBuffer, start: number) {
    this.buffer = buffer;
    this.#end = start;
  }

  uint8(length: number): Uint8Array {
    return new Uint8Array(this.buffer, this.#take(length), length);
  }

  int8(length: number): Int8Array {
    return new Int8Array(this.buffer, this.#take(length), length);
  }

  int16(length: number): Int16Array {
    return new Int16Array(this.buffer, this.#take(length * 2), length);
  }

  uint16(length: number): Uint16Array {
    return new Uint16Array(this.buffer, this.#take(length * 2), length);
  }

  int32(length: number): Int32Array {
    return new Int32Array(this.buffer, this.#take(length * 4), length);
  }

  float64(length: number): Float64Array {
    return new Float64Array(this.buffer, this.#take(length * 8), length);
  }

  #take(bytes: number): number {
    const start = Math.ceil(this.#end / alignmentBytes) * alignmentBytes;
    this.#end = start + bytes;
    assert(this.#end <= this.buffer.byteLength, 'the memory is too small for its arrays');
    return start;
  }
}
