/** Reads plain heads where they lie in a WebAssembly memory, through the kernel `agent/kernels/assembly/head/head.ts`. Hot path. */
import assert from 'node:assert/strict';
import { HEAD_KERNEL } from '../kernels/head.generated.ts';
import { CLASS, TOKEN } from './byte-classes.ts';
import { FIELDS_AT, FIELDS_MAX, HEAD_AT, TOKENS_AT } from './head-layout.ts';

interface HeadProgram {
  parseHead(start: number, end: number): number;
  readonly fieldsMax: WebAssembly.Global;
}

/** Compiled when the first layer asks for it: `--until tcp` has no use for it. */
let compiled: WebAssembly.Module | null = null;

export class PlainHeads {
  /** What the last call found, by `Found`. */
  readonly found: Int32Array;
  /** Name start and end, value start and end of each field, relative to the head's start. */
  readonly fields: Int32Array;
  readonly #program: HeadProgram;

  /** @param memory as `agent/tcp/segment-layout.ts` divides it */
  constructor(memory: WebAssembly.Memory, fieldsMax: number) {
    assert(fieldsMax <= FIELDS_MAX);
    const { buffer } = memory;
    this.found = new Int32Array(buffer, HEAD_AT, (FIELDS_AT - HEAD_AT) >> 2);
    this.fields = new Int32Array(buffer, FIELDS_AT, fieldsMax * 4);
    new Uint8Array(buffer, TOKENS_AT, 256).set(CLASS.map((bits) => bits & TOKEN));
    compiled ??= new WebAssembly.Module(Buffer.from(HEAD_KERNEL, 'base64'));
    this.#program = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as HeadProgram;
    this.#program.fieldsMax.value = fieldsMax;
  }

  /** The length of the plain head that begins at `start`, with its blank line; 0 where it is not plain or ends behind `end`. */
  parse(start: number, end: number): number {
    return this.#program.parseHead(start, end);
  }
}
