/** Who keeps what stays: real programs, real snapshots. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { declarationLine, nameIn } from '../../report/keeper.ts';
import { readRetained } from './files.ts';
import type { FoundKeeper } from './keeper.ts';

t.setTimeout(240_000);

const program = fileURLToPath(new URL('./testdata/keepers.mjs', import.meta.url));
const lines = readFileSync(program, 'utf8').split('\n');
const otherProgram = fileURLToPath(new URL('./testdata/other-keepers.mjs', import.meta.url));
const otherLines = readFileSync(otherProgram, 'utf8').split('\n');

async function keeperOf(t: Test, kind: string, file = program): Promise<FoundKeeper | undefined> {
  const folder = t.testdir();
  const files = ['before', 'after'].map((name) => path.join(folder, `${name}.heapsnapshot`));
  const { status, stderr } = spawnSync(process.execPath, [file, kind, ...files], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  return (await readRetained({ before: files[0]!, top: files[1]!, after: undefined })).keeper;
}

/** Kind, name, class of the container, how many, and a line that declares it. */
const cases: [string, string, string, number, RegExp | undefined][] = [
  ['field', 'Archive.#byKey', 'Map', 400, /^ {2}#byKey = new Map/],
  ['variable', 'recent', 'Array', 400, /^const recent/],
  ['nested', 'pool.idle', 'Set', 400, /^const pool/],
  ['listeners', 'listeners of "change" on bus', 'Array', 400, /^const bus/],
  ['promises', 'gate', 'Promise', 400, /^const gate/],
  ['contexts', 'sandboxes', 'Array', 40, /^const sandboxes/],
  ['list', 'chain', 'Object', 400, /^const chain/],
  ['global', 'globalThis.log', 'Array', 400, /globalThis\.log \?\?=/],
  ['commonjs', 'remembered', 'Array', 400, undefined],
];

for (const [kind, name, container, count, declaration] of cases) {
  t.test(`${kind}: ${name}`, async (t) => {
    const found = await keeperOf(t, kind);
    t.match(found, { name, kind: container });
    t.ok(found!.countAdded >= 0.95 * count && found!.countAdded <= 3 * count, `${found!.countAdded} more`);
    t.ok(found!.share > 0.6, `${found!.share} of what is new`);
    t.ok(found!.path.length > 0);
    if (declaration) t.match(lines[declarationLine(lines, found!) - 1], declaration);
    const file = kind === 'commonjs' ? 'keeper.cjs' : 'keepers.mjs';
    if (kind !== 'global') t.ok(found!.script.endsWith(file) && found!.line > 0, `${found!.script}:${found!.line}`);
  });
}

/** Ways that the first ones do not have: kind, name, how many of 400, a line that declares it. */
const others: [string, string, number, RegExp | undefined][] = [
  ['weakrefs', 'documents', 400, /^const documents/],
  ['stream', 'data not yet written to auditTrail', 350, /^const auditTrail/],
  ['abort', 'listeners of "abort" on shutdown.signal', 400, /^const shutdown/],
  ['exitlisteners', 'listeners of "exit" on process', 400, undefined],
  ['histories', 'histories', 400, /^const histories/],
  ['scattered', 'shelves', 400, /^const shelves/],
  ['tree', 'tree', 100, /^const tree/],
  ['block', 'inABlock', 400, /const inABlock/],
  ['compiledprivate', 'Catalogue.#pages', 400, undefined],
  // Tables that are made anew hold what came.
  ['mapofsets', 'sessions', 400, /^const sessions/],
  // The keys are kept elsewhere, and do not grow.
  ['weakvalues', 'orders', 400, /^const orders/],
  ['weakfield', 'Visits.#byCustomer', 400, /^ {2}#byCustomer = /],
  ['messages', 'messages not yet taken from a MessagePort', 400, undefined],
  // One block that grows holds nothing that could be counted.
  ['numbers', 'Journal.latencies', 0, /^ {2}latencies = /],
  ['bytes', 'Journal.#bytes', 0, /^ {2}#bytes = /],
  ['ids', 'Journal.handled', 0, /^ {2}static handled/],
  ['pairs', 'callsPerUser', 0, /^const callsPerUser/],
  ['typed', 'samples', 0, /^let samples/],
  ['pooled', 'WatchPool.#open', 400, /^ {2}#open = /],
  ['unpooled', 'open handles: FSEvent that was never closed', 400, undefined],
];

for (const [kind, name, count, declaration] of others) {
  t.test(`${kind}: ${name}`, async (t) => {
    const found = await keeperOf(t, kind, otherProgram);
    t.equal(found && nameIn(otherLines, found.line, found), name);
    t.ok(found!.countAdded >= count && found!.countAdded <= 460, `${found!.countAdded} more`);
    if (declaration) t.match(otherLines[declarationLine(otherLines, { name, line: found!.line }) - 1], declaration);
  });
}

t.test('what Node.js itself keeps is named by what it is, with the place of the callback', async (t) => {
  const found = await keeperOf(t, 'timers');
  t.match(found, { name: 'timers that were never cleared', held: 'Timeout' });
  t.match(lines[found!.line - 1], /setTimeout/);
});

t.test('where nothing is kept, nobody is named', async (t) => {
  const found = await keeperOf(t, 'nothing');
  t.ok(found === undefined || found.bytesAdded < 300_000, JSON.stringify(found));
});
