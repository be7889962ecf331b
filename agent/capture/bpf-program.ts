/**
 * Classic BPF programs (McCanne and Jacobson, "The BSD Packet Filter", 1993): checked once, then run on frames that no
 * kernel filtered for us. Pure.
 */
import assert from 'node:assert';
import { FloodgateError } from '../errors.ts';

/** Bytes of one instruction, as the kernel's `struct sock_filter` has them. */
export const instructionBytes = 8;
/** BPF_MAXINSNS of the kernel. */
const instructionsMax = 4_096;
const scratchWords = 16;

// Instruction classes, sizes, modes and operations of <linux/filter.h>.
const [LD, LDX, ST, STX, ALU, JMP, RET, MISC] = [0, 1, 2, 3, 4, 5, 6, 7];
const [ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG, MOD, XOR] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const [JA, JEQ, JGT, JGE, JSET] = [0, 1, 2, 3, 4];

/** A checked program. */
export class BpfProgram {
  /** As the kernel takes it; native byte order. */
  readonly instructions: Uint8Array;
  readonly #code: Uint16Array;
  readonly #jumpTrue: Uint8Array;
  readonly #jumpFalse: Uint8Array;
  readonly #k: Uint32Array;
  readonly #scratch = new Uint32Array(scratchWords);

  /** @throws FloodgateError `filter-invalid` unless every path through the program ends in a return. */
  constructor(instructions: Uint8Array) {
    const count = instructions.length / instructionBytes;
    if (!Number.isInteger(count) || count === 0 || count > instructionsMax) throw invalid(`${count} instructions`);
    this.instructions = instructions.slice();
    this.#code = new Uint16Array(count);
    this.#jumpTrue = new Uint8Array(count);
    this.#jumpFalse = new Uint8Array(count);
    this.#k = new Uint32Array(count);
    const words = new Uint32Array(this.instructions.buffer);
    for (let i = 0; i < count; i++) {
      // Little-endian: every system with a prebuilt foreign-function package is.
      const first = words[i * 2]!;
      this.#code[i] = first & 0xffff;
      this.#jumpTrue[i] = (first >>> 16) & 0xff;
      this.#jumpFalse[i] = first >>> 24;
      this.#k[i] = words[i * 2 + 1]!;
      this.#check(i, count);
    }
    if ((this.#code[count - 1]! & 7) !== RET) throw invalid('it does not end in a return');
  }

  /** Jumps only lead forward, so what passes here always ends. */
  #check(i: number, count: number): void {
    const code = this.#code[i]!;
    const k = this.#k[i]!;
    const kind = code & 7;
    const operation = code >> 4;
    if (kind === JMP) {
      const reach = operation === JA ? k : Math.max(this.#jumpTrue[i]!, this.#jumpFalse[i]!);
      if (operation > JSET || i + 1 + reach >= count) throw invalid(`instruction ${i} jumps past the end`);
    } else if (kind === ST || kind === STX || ((kind === LD || kind === LDX) && code >> 5 === 3)) {
      if (k >= scratchWords) throw invalid(`instruction ${i} uses scratch word ${k}`);
    } else if (kind === ALU) {
      const byZero = (operation === DIV || operation === MOD) && (code & 8) === 0 && k === 0;
      if (operation > XOR || byZero) throw invalid(`instruction ${i} cannot be computed`);
    }
  }

  /**
   * How many bytes of the frame `bytes[start, end)` the program accepts: 0 refuses it. What only the kernel knows of a frame
   * (`SKF_AD_OFF`, `SKF_NET_OFF`) is no part of it here: a program that loads that refuses.
   */
  run(bytes: Uint8Array, start: number, end: number, wireLength: number): number {
    const scratch = this.#scratch.fill(0);
    let a = 0;
    let x = 0;
    for (let pc = 0; ; pc++) {
      const code = this.#code[pc]!;
      const k = this.#k[pc]!;
      const kind = code & 7;
      if (kind === RET) return code & 0x10 ? a : k;
      if (kind === JMP) {
        const operation = code >> 4;
        if (operation === JA) pc += k;
        else pc += test(operation, a, code & 8 ? x : k) ? this.#jumpTrue[pc]! : this.#jumpFalse[pc]!;
      } else if (kind === ALU) {
        const operand = code & 8 ? x : k;
        if (operand === 0 && (code >> 4 === DIV || code >> 4 === MOD)) return 0;
        a = compute(code >> 4, a, operand);
      } else if (kind === ST) scratch[k] = a;
      else if (kind === STX) scratch[k] = x;
      else if (kind === MISC) {
        if (code & 0x80) a = x;
        else x = a;
      } else {
        const value = load(code, k, x, scratch, bytes, start, end, wireLength);
        // A load past the end refuses the frame, as in the kernel.
        if (value < 0) return 0;
        if (kind === LD) a = value;
        else x = value;
      }
    }
  }
}

function test(operation: number, a: number, operand: number): boolean {
  if (operation === JEQ) return a === operand;
  if (operation === JGT) return a > operand;
  if (operation === JGE) return a >= operand;
  return (a & operand) !== 0;
}

function compute(operation: number, a: number, operand: number): number {
  switch (operation) {
    case ADD:
      return (a + operand) >>> 0;
    case SUB:
      return (a - operand) >>> 0;
    case MUL:
      return Math.imul(a, operand) >>> 0;
    case DIV:
      return Math.floor(a / operand);
    case OR:
      return (a | operand) >>> 0;
    case AND:
      return (a & operand) >>> 0;
    case LSH:
      return operand > 31 ? 0 : (a << operand) >>> 0;
    case RSH:
      return operand > 31 ? 0 : a >>> operand;
    case NEG:
      return -a >>> 0;
    case MOD:
      return a % operand;
    default:
      assert(operation === XOR);
      return (a ^ operand) >>> 0;
  }
}

/** The value loaded, or −1 when it lies outside the frame. */
function load(
  code: number,
  k: number,
  x: number,
  scratch: Uint32Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  wireLength: number,
): number {
  const mode = code >> 5;
  if (mode === 0) return k;
  if (mode === 3) return scratch[k]!;
  if (mode === 4) return wireLength >>> 0;
  // Mode 5, only with LDX: four times the low half of a byte, an IPv4 header's length.
  if (mode === 5) return start + k < end ? (bytes[start + k]! & 0xf) * 4 : -1;
  const size = (code >> 3) & 3;
  const width = size === 0 ? 4 : size === 1 ? 2 : 1;
  const at = start + k + (mode === 2 ? x : 0);
  if (at + width > end) return -1;
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + bytes[at + i]!;
  return value;
}

/** The same as one program: what the first part lets go on, it begins with. @param part ends by leaving it, or returns */
export function joinPrograms(part: Uint32Array, rest: BpfProgram): BpfProgram {
  const first = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  const joined = new Uint8Array(first.length + rest.instructions.length);
  joined.set(first);
  joined.set(rest.instructions, first.length);
  return new BpfProgram(joined);
}

/** The program that accepts every frame and keeps `snapLength` bytes of it; 0 refuses all. */
export function acceptAll(snapLength: number): BpfProgram {
  return new BpfProgram(new Uint8Array(Uint32Array.of(RET, snapLength).buffer));
}

function invalid(what: string): FloodgateError {
  return new FloodgateError('filter-invalid', `the filter program is not valid: ${what}`, {
    hint: 'report this together with the filter expression: libpcap should never compile such a program',
  });
}
