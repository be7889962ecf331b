/** That memory of WebAssembly and of compressors is charged to who made it, however it grew. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

t.setTimeout(60_000);
const program = fileURLToPath(new URL('./testdata/native-sites.mjs', import.meta.url));
const wrappers = new URL('./off-heap-sites.ts', import.meta.url).href;

for (const kind of ['allocations', 'live'] as const) {
  t.test(`WebAssembly and compressors by call site: ${kind}`, (t) => {
    const { seen, page } = JSON.parse(execFileSync(process.execPath, [program, wrappers, kind], { encoding: 'utf8' }));
    t.equal(Math.round(seen.madeMemory / page), 16);
    t.equal(Math.round(seen.grownMemory / page), 32);
    t.equal(Math.round(seen.insideMemory / page), 11, 'one page, and ten by an instruction of the module');
    t.equal(Math.round(seen.lookedAtMemory / page), 10, 'an instruction counts for who looks at the memory afterwards');
    t.ok(seen.brotliStream > 5e6 && seen.brotliStream < 20e6, `Brotli at its highest quality: ${seen.brotliStream}`);
    t.ok(seen.zstdStream > 1e6, `Zstandard: ${seen.zstdStream}`);
    t.end();
  });
}
