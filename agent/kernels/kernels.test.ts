import { readFileSync } from 'node:fs';
import path from 'node:path';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import t from 'tap';
import { DIGEST_KERNEL } from './digest.generated.ts';
import { HEAD_KERNEL } from './head.generated.ts';
import { renameFunctions } from './module-names.ts';
import { SEAL_KERNEL } from './seal.generated.ts';
import { SEGMENT_KERNEL } from './segment.generated.ts';

const root = path.resolve(import.meta.dirname, '../..');
const linesOf = (file: string) => readFileSync(path.join(root, file), 'utf8').split('\n');

/** Answers every question with 0. */
const host = new Proxy({}, { get: () => () => 0 });

/** Runs a function into the end of the memory. @returns the first frame: function, file, line, byte of the module */
function trap(kernel: string, name: string, ...values: number[]): [string, string, number, number] {
  const memory = new WebAssembly.Memory({ initial: 40 });
  const module = new WebAssembly.Module(Buffer.from(kernel, 'base64'));
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, host });
  try {
    (exports[name] as (...values: number[]) => void)(...values);
  } catch (error) {
    const frame = /at (\S+) \((\S+):(\d+)\) \(wasm:\S+:0x([0-9a-f]+)\)/.exec((error as Error).stack!)!;
    return [frame[1]!, frame[2]!, Number(frame[3]), Number.parseInt(frame[4]!, 16)];
  }
  throw new Error('nothing failed');
}

const kernels = [
  { name: 'head', kernel: HEAD_KERNEL, call: ['parseHead', 40 * 65_536 - 4, 40 * 65_536] },
  { name: 'segment', kernel: SEGMENT_KERNEL, call: ['takePcap', 40 * 65_536 - 8, 2 ** 31 - 1, 0, 0, 0, 0] },
  { name: 'digest', kernel: DIGEST_KERNEL, call: ['stripes', 40 * 65_536 - 4, 64] },
  { name: 'seal', kernel: SEAL_KERNEL, call: ['hash', 40 * 65_536 - 4, 64, 0] },
];

for (const { name, kernel, call } of kernels) {
  t.test(
    `${name}: a stack has its functions by name, file and line, and the map each instruction’s line`,
    async (t) => {
      const [functionName, file, line, byte] = trap(kernel, ...(call as [string, ...number[]]));
      t.match(linesOf(file)[line - 1], new RegExp(`^export function ${functionName}\\(`));
      const map = new TraceMap(readFileSync(path.join(import.meta.dirname, `${name}.generated.map.json`), 'utf8'));
      const place = originalPositionFor(map, { line: 1, column: byte });
      t.match(linesOf(path.posix.join('agent/kernels', place.source!))[place.line! - 1], /load</);
    },
  );
}

t.test('only names are changed', async (t) => {
  const module = Buffer.from(HEAD_KERNEL, 'base64');
  t.same(renameFunctions(module, (name) => name).subarray(0, 200), module.subarray(0, 200));
  const other = renameFunctions(module, () => 'x'.repeat(300));
  t.ok(WebAssembly.validate(new Uint8Array(other)));
  t.throws(() => renameFunctions(module.subarray(0, 9), (name) => name), /ends early/);
});
