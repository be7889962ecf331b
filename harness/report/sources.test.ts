/** Which sources are read: those of the program, and nothing that only looks like the runtime's. */
import path from 'node:path';
import t from 'tap';
import { Sources } from './sources.ts';

t.test('a folder whose name begins as the runtime’s files do is the program’s own', async (t) => {
  const folder = t.testdir({ 'node-shop': { 'server.js': 'first\nsecond' }, 'gopher.go': 'package main' });
  const below = (name: string) => path.relative(process.cwd(), path.join(folder, name));
  t.same(new Sources().linesOf(below('node-shop/server.js')), ['first', 'second']);
  const before = process.cwd();
  process.chdir(folder);
  t.teardown(() => process.chdir(before));
  t.same(new Sources().linesOf('node-shop/server.js'), ['first', 'second']);
  t.same(new Sources().linesOf('gopher.go'), ['package main']);
  for (const file of ['node:fs', 'go:runtime/proc.go', 'wasm://wasm/18b04a36', 'evalmachine.<anonymous>', '']) {
    t.same(new Sources().linesOf(file), [], file);
  }
});
