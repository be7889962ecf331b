/**
 * A WebAssembly assembler for what `xxh64-assembly.ts` and `seal-assembly.ts` need: flat text, one instruction a line or several separated by
 * spaces, `;` starts a comment. So the module in use is readable in the repository, and no binary is checked in.
 *
 *     func hash (p:i32 len:i32 out:i32) (h:i64 end:i32) export
 *       local.get p  i64.load …
 *     end
 *
 * Limits: one memory (imported as `env.memory`), functions without results or parameters beyond i32/i64, mutable i64
 * globals, blocks without results. Opcodes: WebAssembly core specification 2.0, section 5.4.
 */
import assert from 'node:assert/strict';
import { nameText, section, signed, sized, TYPE_CODES, unsigned, vector, wasmModule } from '../kernel/wasm-encoding.ts';

const PLAIN: Readonly<Record<string, number>> = {
  'i32.eqz': 0x45,
  'i32.lt_u': 0x49,
  'i32.ge_u': 0x4f,
  'i32.add': 0x6a,
  'i32.sub': 0x6b,
  'i32.and': 0x71,
  'i64.eq': 0x51,
  'i64.le_u': 0x58,
  'i64.add': 0x7c,
  'i64.sub': 0x7d,
  'i64.mul': 0x7e,
  'i64.and': 0x83,
  'i64.or': 0x84,
  'i64.xor': 0x85,
  'i64.shl': 0x86,
  'i64.shr_u': 0x88,
  'i64.rotl': 0x89,
  'i64.extend_i32_u': 0xad,
  else: 0x05,
  end: 0x0b,
  return: 0x0f,
};
const OPENING: Readonly<Record<string, number>> = { block: 0x02, loop: 0x03, if: 0x04 };
const MEMORY: Readonly<Record<string, number>> = {
  'i64.load': 0x29,
  'i64.load8_u': 0x31,
  'i64.load32_u': 0x35,
  'i64.store': 0x37,
  'i32.store8': 0x3a,
};
const INDEXED: Readonly<Record<string, number>> = {
  br: 0x0c,
  br_if: 0x0d,
  call: 0x10,
  'local.get': 0x20,
  'local.set': 0x21,
  'local.tee': 0x22,
  'global.get': 0x23,
  'global.set': 0x24,
};
const TYPES: Readonly<Record<string, number>> = TYPE_CODES;

interface Func {
  readonly name: string;
  readonly params: Slot[];
  readonly locals: Slot[];
  readonly exported: boolean;
  readonly body: string[];
}
type Slot = readonly [name: string, type: string];

function slots(text: string): Slot[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const [name = '', type = ''] = word.split(':');
      assert(type in TYPES, `assembler: unknown type in '${word}'`);
      return [name, type] as const;
    });
}

function parse(source: string): { functions: Func[]; globals: string[] } {
  const functions: Func[] = [];
  const globals: string[] = [];
  for (const line of source.split('\n')) {
    const text = line.replace(/;.*$/, '').trim();
    if (text === '') continue;
    const head = /^func (\w+) \(([^)]*)\) \(([^)]*)\)( export)?$/.exec(text);
    if (head)
      functions.push({
        name: head[1]!,
        params: slots(head[2]!),
        locals: slots(head[3]!),
        exported: head[4] !== undefined,
        body: [],
      });
    else if (text.startsWith('global ')) globals.push(...text.split(/\s+/).slice(1));
    else functions.at(-1)!.body.push(...text.split(/\s+/));
  }
  return { functions, globals };
}

function code(func: Func, functions: readonly Func[], globals: readonly string[]): number[] {
  const locals = [...func.params, ...func.locals].map(([name]) => name);
  const out: number[] = [];
  for (let i = 0; i < func.body.length; i += 1) {
    const word = func.body[i]!;
    if (word in PLAIN) out.push(PLAIN[word]!);
    else if (word in OPENING) out.push(OPENING[word]!, 0x40);
    else if (word in MEMORY) out.push(MEMORY[word]!, 0, 0);
    else if (word === 'i32.const') out.push(0x41, ...signed(BigInt.asIntN(32, BigInt(func.body[++i]!))));
    else if (word === 'i64.const') out.push(0x42, ...signed(BigInt.asIntN(64, BigInt(func.body[++i]!))));
    else {
      assert(word in INDEXED, `assembler: unknown instruction '${word}' in ${func.name}`);
      const operand = func.body[++i]!;
      let index = Number(operand);
      if (word === 'call') index = functions.findIndex((other) => other.name === operand);
      else if (word.startsWith('local')) index = locals.indexOf(operand);
      else if (word.startsWith('global')) index = globals.indexOf(operand);
      assert(index >= 0, `assembler: unknown name '${operand}' in ${func.name}`);
      out.push(INDEXED[word]!, ...unsigned(index));
    }
  }
  const declared = vector(func.locals.map(([, type]) => [1, TYPES[type]!]));
  return sized([...declared, ...out]);
}

/** Text to a module's bytes. @throws AssertionError on text that it does not understand (our own text: our mistake). */
export function assemble(source: string): Uint8Array<ArrayBuffer> {
  const { functions, globals } = parse(source);
  const types = functions.map((f) => [0x60, ...vector(f.params.map(([, type]) => [TYPES[type]!])), 0]);
  const exported = functions.flatMap((f, index) => (f.exported ? [[...nameText(f.name), 0, ...unsigned(index)]] : []));
  return wasmModule([
    ...section(1, types),
    ...section(2, [[...nameText('env'), ...nameText('memory'), 2, 0, ...unsigned(1)]]),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(
      6,
      globals.map(() => [TYPE_CODES.i64, 1, 0x42, 0, 0x0b]),
    ),
    ...section(7, exported),
    ...section(
      10,
      functions.map((f) => code(f, functions, globals)),
    ),
  ]);
}
