/**
 * A small language for what is too slow in JavaScript, compiled to WebAssembly by `npm run generate`: functions over one
 * memory, so that the kernel is readable in the repository and no compiler of somebody else's is needed for it.
 *
 *     import fn hash(p i32, length i32, out i32);
 *     global depth i32;
 *     inline fn byte(p, i) i32 { return load8(p + i); }   ; put where it is called, arguments as they stand there
 *     fn least(a i32, b i64) i32 {
 *       let x = load8(a) + 1;              ; i32 unless `let x i64 = …` says otherwise
 *       while (x < 10 && b != 0L) { x += 1; if (x == 7) { break; } }
 *       return x;
 *     }
 *
 * Numbers are i32, `5L` is an i64, `2.5` an f64. `&`, `^` and `|` bind closer than comparisons. `<`, `>>`, … are signed, `<u`, `>=u`, `>>>` are not. Built in: loads and stores
 * (`load8`, `store64`, …), `copy(to, from, length)`, conversions (`BUILT_IN`). Functions without `export` stay inside.
 * A mistake in the text is ours: assertions, with the function's name. Opcodes: WebAssembly core specification 2.0, 5.4.
 */
import assert from 'node:assert/strict';
import { nameText, section, signed, sized, TYPE_CODES, unsigned, vector, wasmModule } from './wasm-encoding.ts';

type Type = 'i32' | 'i64' | 'f64' | 'void';

/** By operator: opcode for i32, i64, f64 (0: none), and whether the result is an i32. */
const BINARY: Readonly<Record<string, readonly [level: number, i32: number, i64: number, f64: number, test: boolean]>> =
  {
    '*': [12, 0x6c, 0x7e, 0xa2, false],
    '/': [12, 0x6e, 0x80, 0xa3, false],
    '+': [11, 0x6a, 0x7c, 0xa0, false],
    '-': [11, 0x6b, 0x7d, 0xa1, false],
    '<<': [10, 0x74, 0x86, 0, false],
    '>>': [10, 0x75, 0x87, 0, false],
    '>>>': [10, 0x76, 0x88, 0, false],
    '<': [6, 0x48, 0x53, 0x63, true],
    '<u': [6, 0x49, 0x54, 0, true],
    '>': [6, 0x4a, 0x55, 0x64, true],
    '>u': [6, 0x4b, 0x56, 0, true],
    '<=': [6, 0x4c, 0x57, 0x65, true],
    '<=u': [6, 0x4d, 0x58, 0, true],
    '>=': [6, 0x4e, 0x59, 0x66, true],
    '>=u': [6, 0x4f, 0x5a, 0, true],
    '==': [5, 0x46, 0x51, 0x61, true],
    '!=': [5, 0x47, 0x52, 0x62, true],
    '&': [9, 0x71, 0x83, 0, false],
    '^': [8, 0x73, 0x85, 0, false],
    '|': [7, 0x72, 0x84, 0, false],
  };
const AND_LEVEL = 1;
const OR_LEVEL = 0;

/** Division is unsigned. `at`: the first argument is an address, a number added to it goes into the instruction. */
interface BuiltIn {
  readonly code: readonly number[];
  readonly parameters: readonly Type[];
  readonly result: Type;
  readonly at?: true;
}
const loads = (code: number, result: Type): BuiltIn => ({ code: [code], parameters: ['i32'], result, at: true });
const stores = (code: number, value: Type): BuiltIn => ({
  code: [code],
  parameters: ['i32', value],
  result: 'void',
  at: true,
});
const converts = (code: number, from: Type, result: Type): BuiltIn => ({ code: [code], parameters: [from], result });
const BUILT_IN: Readonly<Record<string, BuiltIn>> = {
  load8: loads(0x2d, 'i32'),
  load16: loads(0x2f, 'i32'),
  load32: loads(0x28, 'i32'),
  load64: loads(0x29, 'i64'),
  loadDouble: loads(0x2b, 'f64'),
  store8: stores(0x3a, 'i32'),
  store16: stores(0x3b, 'i32'),
  store32: stores(0x36, 'i32'),
  store64: stores(0x37, 'i64'),
  storeDouble: stores(0x39, 'f64'),
  copy: { code: [0xfc, 0x0a, 0x00, 0x00], parameters: ['i32', 'i32', 'i32'], result: 'void' },
  clz32: converts(0x67, 'i32', 'i32'),
  ctz64: { code: [0x7a, 0xa7], parameters: ['i64'], result: 'i32' },
  low: converts(0xa7, 'i64', 'i32'),
  wide: converts(0xad, 'i32', 'i64'),
  double: converts(0xba, 'i64', 'f64'),
  bits: converts(0xbd, 'f64', 'i64'),
};

interface Func {
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, type: Type])[];
  readonly result: Type;
  readonly exported: boolean;
  readonly imported: boolean;
  /** Where its body begins among the words. */
  readonly body: number;
}

const constant = (value: number): number[] => [0x41, ...signed(BigInt(value | 0))];

const WORDS =
  /\s+|;[^\n]*\n|(0x[0-9a-fA-F]+L?|\d+\.\d+|\d+L?|\w+|<<|>>>|>>|[<>]=?u\b|[<>=!]=|&&|\|\||[-+*&|]=|[-+*/&|^<>!=(){},?:])/y;

/** Words of the text. A `;` behind a statement is left out; one behind blanks begins a comment. */
function split(source: string): string[] {
  const words: string[] = [];
  const withoutComments = source.replace(/(^|\s);[^\n]*/g, '$1').replaceAll(';', ' ');
  WORDS.lastIndex = 0;
  for (let at = 0; at < withoutComments.length; at = WORDS.lastIndex) {
    const match = WORDS.exec(withoutComments);
    assert(match !== null, `kernel: cannot read ${withoutComments.slice(at, at + 40)}`);
    if (match[1] !== undefined) words.push(match[1]);
  }
  return words;
}

interface Inline {
  readonly parameters: readonly string[];
  /** What it returns, or its statements. */
  readonly body: readonly string[];
}

/** The words with calls of inline functions written out. Those are declared before they are used. */
function writeOut(words: readonly string[], known = new Map<string, Inline>()): string[] {
  const out: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    const inline = known.get(word);
    if (word === 'inline') at = declareInline(words, at, known);
    else if (inline === undefined || words[at + 1] !== '(') out.push(word);
    else {
      const end = closing(words, at + 1);
      const given = splitArguments(words.slice(at + 2, end)).map((argument) => writeOut(argument, known));
      assert.equal(given.length, inline.parameters.length, `kernel: arguments of ${word}`);
      for (const part of inline.body) {
        const index = inline.parameters.indexOf(part);
        if (index < 0) out.push(part);
        else out.push(...(given[index]!.length === 1 ? given[index]! : ['(', ...given[index]!, ')']));
      }
      at = end;
    }
  }
  return out;
}

/** @returns where the declaration ends */
function declareInline(words: readonly string[], start: number, known: Map<string, Inline>): number {
  const [name, opened] = [words[start + 2]!, start + 3];
  const parametersEnd = closing(words, opened);
  const bodyStart = words.indexOf('{', parametersEnd);
  const bodyEnd = closing(words, bodyStart);
  const body = writeOut(words.slice(bodyStart + 1, bodyEnd), known);
  const parameters = splitArguments(words.slice(opened + 1, parametersEnd)).map(([parameter]) => parameter!);
  known.set(name, { parameters, body: body[0] === 'return' ? ['(', ...body.slice(1), ')'] : body });
  return bodyEnd;
}

/** Where the bracket at `at` is closed. */
function closing(words: readonly string[], at: number): number {
  let depth = 0;
  for (let index = at; index < words.length; index += 1) {
    if (words[index] === '(' || words[index] === '{') depth += 1;
    else if (words[index] === ')' || words[index] === '}') depth -= 1;
    if (depth === 0) return index;
  }
  assert.fail('kernel: a bracket is not closed');
}

function splitArguments(words: readonly string[]): string[][] {
  const out: string[][] = [];
  let depth = 0;
  for (const word of words) {
    if (word === ',' && depth === 0) out.push([]);
    else {
      if (out.length === 0) out.push([]);
      out.at(-1)!.push(word);
    }
    depth += word === '(' ? 1 : word === ')' ? -1 : 0;
  }
  return out;
}

class Compiler {
  readonly #words: string[];
  #next = 0;
  readonly functions: Func[] = [];
  readonly globals: (readonly [name: string, type: Type])[] = [];
  /** Of the function at work. */
  #function: Func | null = null;
  #locals: (readonly [name: string, type: Type])[] = [];
  #out: number[] = [];
  /** Open blocks, `break` and `continue` among them. */
  #blocks: string[] = [];

  constructor(source: string) {
    this.#words = writeOut(split(source));
    while (this.#next < this.#words.length) this.#declaration();
    this.functions.sort((a, b) => Number(b.imported) - Number(a.imported));
  }

  #fail(message: string): never {
    const near = this.#words.slice(Math.max(0, this.#next - 8), this.#next + 4).join(' ');
    assert.fail(`kernel: ${message} in ${this.#function?.name ?? 'the text'} near '${near}'`);
  }

  #take(expected?: string): string {
    const word = this.#words[this.#next];
    this.#next += 1;
    if (word === undefined || (expected !== undefined && word !== expected))
      this.#fail(`${expected ?? 'a word'} expected`);
    return word;
  }

  #accept(word: string): boolean {
    if (this.#words[this.#next] !== word) return false;
    this.#next += 1;
    return true;
  }

  #type(fallback: Type): Type {
    const word = this.#words[this.#next]!;
    if (!(word in TYPE_CODES)) return fallback;
    this.#next += 1;
    return word as Type;
  }

  #declaration(): void {
    if (this.#accept('global')) {
      const name = this.#take();
      this.globals.push([name, this.#type('i32')]);
      return;
    }
    const imported = this.#accept('import');
    const exported = this.#accept('export');
    this.#take('fn');
    const name = this.#take();
    const parameters: [string, Type][] = [];
    this.#take('(');
    while (!this.#accept(')')) {
      parameters.push([this.#take(), this.#type('i32')]);
      this.#accept(',');
    }
    const result = this.#type('void');
    this.functions.push({ name, parameters, result, exported, imported, body: this.#next });
    if (!imported) this.#skipBlock();
  }

  #skipBlock(): void {
    let depth = 0;
    do {
      const word = this.#take();
      depth += word === '{' ? 1 : word === '}' ? -1 : 0;
    } while (depth > 0);
  }

  /** The code of one function, with its locals before it. */
  code(func: Func): number[] {
    this.#function = func;
    this.#locals = [...func.parameters];
    this.#out = [];
    this.#blocks = [];
    this.#next = func.body;
    this.#block();
    // Every path has returned: what follows cannot be reached.
    if (func.result !== 'void') this.#out.push(0x00);
    const own = this.#locals.slice(func.parameters.length);
    return sized([
      ...vector(own.map(([, type]) => [1, TYPE_CODES[type as keyof typeof TYPE_CODES]])),
      ...this.#out,
      0x0b,
    ]);
  }

  #block(): void {
    this.#take('{');
    while (!this.#accept('}')) this.#statement();
  }

  #statement(): void {
    const word = this.#take();
    if (word === 'let') this.#let();
    else if (word === 'if') this.#if();
    else if (word === 'while') this.#while();
    else if (word === 'break' || word === 'continue') this.#leave(word);
    else if (word === 'return') {
      if (this.#function!.result !== 'void') this.#want(this.#function!.result);
      this.#out.push(0x0f);
    } else if (this.#accept('(')) {
      if (this.#call(word) !== 'void') this.#out.push(0x1a);
    } else this.#assign(word);
  }

  #let(): void {
    const name = this.#take();
    const type = this.#type('i32');
    const known = this.#locals.find(([other]) => other === name);
    if (known !== undefined && known[1] !== type) this.#fail(`${name} has two types`);
    if (known === undefined) this.#locals.push([name, type]);
    this.#take('=');
    this.#want(type);
    this.#set(name);
  }

  #assign(name: string): void {
    const operator = this.#take();
    const type = this.#typeOf(name);
    if (operator !== '=') this.#get(name);
    this.#want(type);
    if (operator !== '=') this.#binary(operator.slice(0, -1), type);
    this.#set(name);
  }

  #if(): void {
    this.#take('(');
    this.#want('i32');
    this.#take(')');
    this.#open('if', [0x04, 0x40]);
    this.#block();
    if (this.#accept('else')) {
      this.#out.push(0x05);
      if (this.#accept('if')) this.#if();
      else this.#block();
    }
    this.#close();
  }

  #while(): void {
    this.#open('break', [0x02, 0x40]);
    this.#open('continue', [0x03, 0x40]);
    this.#take('(');
    if (this.#words[this.#next] === '1' && this.#words[this.#next + 1] === ')') this.#next += 1;
    else {
      this.#want('i32');
      this.#out.push(0x45, 0x0d, 1);
    }
    this.#take(')');
    this.#block();
    this.#out.push(0x0c, 0);
    this.#close();
    this.#close();
  }

  #leave(word: string): void {
    const depth = this.#blocks.toReversed().indexOf(word);
    if (depth < 0) this.#fail(`${word} outside of a loop`);
    this.#out.push(0x0c, depth);
  }

  #open(name: string, code: number[]): void {
    this.#blocks.push(name);
    this.#out.push(...code);
  }

  #close(): void {
    this.#blocks.pop();
    this.#out.push(0x0b);
  }

  #want(type: Type): void {
    const found = this.#expression(OR_LEVEL);
    if (found !== type) this.#fail(`${type} expected, not ${found}`);
  }

  #expression(level: number): Type {
    let type = this.#unary();
    for (;;) {
      const operator = this.#words[this.#next]!;
      const operatorLevel =
        operator === '&&' ? AND_LEVEL : operator === '||' ? OR_LEVEL : (BINARY[operator]?.[0] ?? -1);
      if (operatorLevel < level) break;
      this.#next += 1;
      if (operator === '&&' || operator === '||') this.#shortcut(operator, operatorLevel);
      else {
        const right = this.#expression(operatorLevel + 1);
        if (right !== type) this.#fail(`${type} ${operator} ${right}`);
        type = this.#binary(operator, type);
      }
    }
    if (level === OR_LEVEL && this.#accept('?')) type = this.#choice();
    return type;
  }

  #binary(operator: string, type: Type): Type {
    const [, i32, i64, f64, test] = BINARY[operator] ?? this.#fail(`no operator ${operator}`);
    const code = type === 'i32' ? i32 : type === 'i64' ? i64 : f64;
    if (code === 0) this.#fail(`no ${operator} of ${type}`);
    this.#out.push(code);
    return test ? 'i32' : type;
  }

  #shortcut(operator: string, level: number): void {
    this.#open('if', [0x04, TYPE_CODES.i32]);
    if (operator === '||') this.#out.push(0x41, 1, 0x05);
    if (this.#expression(level + 1) !== 'i32') this.#fail('a truth value expected');
    if (operator === '&&') this.#out.push(0x05, 0x41, 0);
    this.#close();
  }

  #choice(): Type {
    const at = this.#out.length;
    this.#open('if', [0x04, TYPE_CODES.i32]);
    const type = this.#expression(OR_LEVEL);
    this.#out[at + 1] = TYPE_CODES[type as keyof typeof TYPE_CODES];
    this.#take(':');
    this.#out.push(0x05);
    this.#want(type);
    this.#close();
    return type;
  }

  #unary(): Type {
    const word = this.#take();
    if (word === '(') {
      const type = this.#expression(OR_LEVEL);
      this.#take(')');
      return type;
    }
    if (word === '!') {
      if (this.#unary() !== 'i32') this.#fail('a truth value expected');
      this.#out.push(0x45);
      return 'i32';
    }
    if (word === '-') return this.#negative();
    if (/^\d/.test(word)) return this.#number(word);
    if (this.#accept('(')) return this.#call(word);
    return this.#get(word);
  }

  #negative(): Type {
    if (/^\d+$/.test(this.#words[this.#next]!)) {
      this.#out.push(...constant(-Number(this.#take())));
      return 'i32';
    }
    const at = this.#out.length;
    const type = this.#unary();
    if (type === 'f64') this.#out.push(0x9a);
    else {
      this.#out.splice(at, 0, type === 'i32' ? 0x41 : 0x42, 0);
      this.#binary('-', type);
    }
    return type;
  }

  #number(word: string): Type {
    if (word.endsWith('L')) {
      this.#out.push(0x42, ...signed(BigInt.asIntN(64, BigInt(word.slice(0, -1)))));
      return 'i64';
    }
    if (word.includes('.')) {
      this.#out.push(0x44, ...Buffer.from(Float64Array.of(Number(word)).buffer));
      return 'f64';
    }
    this.#out.push(...constant(Number(word)));
    return 'i32';
  }

  #call(name: string): Type {
    const builtIn = BUILT_IN[name];
    const index = this.functions.findIndex((other) => other.name === name);
    if (builtIn === undefined && index < 0) this.#fail(`no function ${name}`);
    const parameters = builtIn?.parameters ?? this.functions[index]!.parameters.map(([, type]) => type);
    let offset = 0;
    for (const [i, type] of parameters.entries()) {
      if (i > 0) this.#take(',');
      if (i === 0 && builtIn?.at === true) offset = this.#address();
      else this.#want(type);
    }
    this.#take(')');
    if (builtIn === undefined) this.#out.push(0x10, ...unsigned(index));
    else this.#out.push(...builtIn.code, ...(builtIn.at === true ? [0, ...unsigned(offset)] : []));
    return builtIn?.result ?? this.functions[index]!.result;
  }

  /** `base + 12`: the number goes into the instruction. */
  #address(): number {
    const words = this.#words;
    const next = this.#next;
    const end = words[next + 3];
    const isSimple = /^[A-Za-z_]\w*$/.test(words[next]!) && words[next + 1] === '+' && (end === ')' || end === ',');
    if (isSimple && /^\d+$/.test(words[next + 2]!)) {
      this.#get(this.#take());
      this.#next += 2;
      return Number(words[next + 2]);
    }
    this.#want('i32');
    return 0;
  }

  #typeOf(name: string): Type {
    const found = this.#locals.find(([other]) => other === name) ?? this.globals.find(([other]) => other === name);
    return found?.[1] ?? this.#fail(`no variable ${name}`);
  }

  #get(name: string): Type {
    this.#variable(name, 0x20, 0x23);
    return this.#typeOf(name);
  }

  #set(name: string): void {
    this.#variable(name, 0x21, 0x24);
  }

  #variable(name: string, local: number, global: number): void {
    const index = this.#locals.findIndex(([other]) => other === name);
    if (index >= 0) this.#out.push(local, ...unsigned(index));
    else {
      const at = this.globals.findIndex(([other]) => other === name);
      if (at < 0) this.#fail(`no variable ${name}`);
      this.#out.push(global, ...unsigned(at));
    }
  }
}

/** A module's bytes: its memory and imported functions come from `env`. @throws AssertionError on a mistake in the text */
export function compileKernel(source: string): Uint8Array {
  const compiler = new Compiler(source);
  const { functions, globals } = compiler;
  const codeOf = (type: Type): number => TYPE_CODES[type as keyof typeof TYPE_CODES];
  const types = functions.map(({ parameters, result }) => [
    0x60,
    ...vector(parameters.map(([, type]) => [codeOf(type)])),
    ...vector(result === 'void' ? [] : [[codeOf(result)]]),
  ]);
  const imports = functions.flatMap(({ name, imported }, i) =>
    imported ? [[...nameText('env'), ...nameText(name), 0, ...unsigned(i)]] : [],
  );
  const own = functions.filter(({ imported }) => !imported);
  const initial: Record<string, number[]> = { i32: [0x41, 0], i64: [0x42, 0], f64: [0x44, 0, 0, 0, 0, 0, 0, 0, 0] };
  return wasmModule([
    ...section(1, types),
    ...section(2, [[...nameText('env'), ...nameText('memory'), 2, 0, 1], ...imports]),
    ...section(
      3,
      own.map((func) => unsigned(functions.indexOf(func))),
    ),
    ...section(
      6,
      globals.map(([, type]) => [codeOf(type), 1, ...initial[type]!, 0x0b]),
    ),
    ...section(7, [
      ...functions.flatMap((func, i) => (func.exported ? [[...nameText(func.name), 0, ...unsigned(i)]] : [])),
      ...globals.map(([name], i) => [...nameText(name), 3, ...unsigned(i)]),
    ]),
    ...section(
      10,
      own.map((func) => compiler.code(func)),
    ),
  ]);
}
