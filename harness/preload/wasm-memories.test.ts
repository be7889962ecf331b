/** That memories of WebAssembly are counted, however they are made and grown. */
import t from 'tap';
import { watchWasmMemories } from './wasm-memories.ts';

const page = 65_536;
/** (module (memory (export "m") 1)) */
const exporting = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 109, 2, 0]);

t.test('memories that JavaScript makes, that modules export, and what they grow by', async (t) => {
  const bytes = watchWasmMemories();
  t.equal(bytes(), 0);
  const made = new WebAssembly.Memory({ initial: 2 });
  const { instance } = await WebAssembly.instantiate(exporting);
  t.equal(bytes(), 3 * page);
  made.grow(4);
  (instance.exports['m'] as WebAssembly.Memory).grow(5);
  t.equal(bytes(), 12 * page);
});
