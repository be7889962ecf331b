/**
 * Planted secrets, by default settings: every kind in every place, looked for in every output. Kinds and places were
 * written from what APIs document, and without a look at what redacts them.
 *
 * FLOODGATE_PLANTED=all plants every kind in every place instead of each sixth; FLOODGATE_SEED plants other values.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { conversationsCapture } from '../agent/commands/conversation-fixture.ts';
import { kinds } from './planted/kinds.ts';
import { places } from './planted/places.ts';
import { type Cell, leaksByPlace, plantAll, readAnywhere, readInRecords } from './planted/plant.ts';

t.setTimeout(900_000);
const program = path.join(import.meta.dirname, '..', 'agent', 'main.ts');
const isWhole = process.env.FLOODGATE_PLANTED === 'all';
// Machine code of 149,156 expressions has no room in one process.
if (isWhole) setFlagsFromString('--regexp-interpret-all');
const seed = Number(process.env.FLOODGATE_SEED ?? 1);
const folder = t.testdir();
const file = (name: string) => path.join(folder, name);
const { cells, conversations } = plantAll(seed, isWhole ? 1 : 6);
const capture = conversationsCapture(conversations);
writeFileSync(file('capture'), capture);
const agent = (...args: string[]) =>
  [process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args]] as const;

async function until(child: ChildProcess, pattern: RegExp): Promise<{ found: RegExpExecArray; said: () => string }> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr!.on('data', (chunk) => {
      said += chunk;
      const found = pattern.exec(said);
      if (found !== null) resolve({ found, said: () => said });
    });
    child.once('exit', () => reject(new Error(`ended early: ${said}`)));
  });
}

/** Reads the capture from a pipe, so that /metrics can be asked when all of it was read. */
async function everyFile(t: Test) {
  const outputs = ['--har', file('har'), '--witnesses', file('witnesses'), '--messages', file('messages'), '--print'];
  const stats = ['--stats', file('stats'), '--stats-interval-ms', '100', '--observe-listen', '127.0.0.1:0'];
  const child = spawn(...agent('--read', '-', ...outputs, ...stats));
  const printed = text(child.stdout!);
  const { found, said } = await until(child, /http:\/\/127\.0\.0\.1:\d+/);
  await new Promise<void>((resolve) => child.stdin!.write(capture, () => resolve()));
  const metrics = await (await fetch(`${found[0]}/metrics`)).text();
  child.stdin!.end();
  const [status] = await once(child, 'exit');
  t.equal(status, 0, said());
  return { printed: await printed, stderr: said(), metrics };
}

function spooled(t: Test) {
  const upload = ['--upload', 'http://127.0.0.1:9/v1/witnesses', '--spool', file('spool'), '--upload-drain-ms', '1'];
  const { status, stderr } = spawnSync(...agent('--read', file('capture'), ...upload), { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  const bytes = readdirSync(file('spool')).map((name) => readFileSync(path.join(file('spool'), name)));
  return [stderr, ...bytes.map(unzipped)].join('\n');
}

/** The text with each gzip member in it decoded. */
function unzipped(bytes: Buffer): string {
  for (let at = bytes.indexOf(gzipMagic); at >= 0; at = bytes.indexOf(gzipMagic, at + 1)) {
    try {
      return bytes.subarray(0, at).toString('latin1') + gunzipSync(bytes.subarray(at)).toString('latin1');
    } catch {}
  }
  return bytes.toString('latin1');
}
const gzipMagic = Buffer.from([0x1f, 0x8b, 8]);

async function collected(t: Test) {
  const child = spawn(...agent('collect', '--listen', '127.0.0.1:0', '--store', file('store'), '--print'));
  const printed = text(child.stdout!);
  const { found, said } = await until(child, /http:\/\/127\.0\.0\.1:\d+\/v1\/\w+/);
  const sent = spawn(...agent('--read', file('capture'), '--upload', found[0]));
  const uploader = text(sent.stderr!);
  t.equal((await once(sent, 'exit'))[0], 0, await uploader);
  child.kill('SIGTERM');
  await once(child, 'exit');
  const listed = spawnSync(...agent('collect', '--store', file('store'), '--list'), { encoding: 'utf8' });
  const database = new DatabaseSync(file('store'), { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const rows = tables.flatMap(({ name }) => database.prepare(`SELECT * FROM "${name}"`).all());
  database.close();
  const stored = rows.map((row) => Object.values(row).map(asText).join(' '));
  return { store: stored.join('\n'), others: [await printed, said(), await uploader, listed.stdout].join('\n') };
}

const asText = (value: unknown) => (value instanceof Uint8Array ? unzipped(Buffer.from(value)) : String(value));

function check(t: Test, output: string, leaks: readonly Cell[], missing: readonly Cell[] = []) {
  for (const line of leaksByPlace(leaks)) t.comment(`${output}: ${line}`);
  t.equal(leaks.length, 0, `no secret in ${output}`);
  if (missing.length > 0) t.comment(`${output}: ${leaksByPlace(missing).join('; ')} not there`);
  t.ok(
    missing.length < cells.length / 100,
    `${output} has the exchanges: ${missing.length} of ${cells.length} missing`,
  );
}

t.ok(kinds.length >= 100 && places.length >= 100, `${kinds.length} kinds in ${places.length} places`);
t.comment(`${cells.length} secrets planted, seed ${seed}, ${capture.length} bytes`);

t.test('files, lines, statistics and metrics', async (t) => {
  const { printed, stderr, metrics } = await everyFile(t);
  const har = JSON.parse(readFileSync(file('har'), 'utf8')) as { log: { entries: unknown[] } };
  const records: Record<string, string[]> = {
    HAR: har.log.entries.map((entry) => JSON.stringify(entry)),
    '--print': printed.split('\n'),
    '--messages': readFileSync(file('messages'), 'utf8').split('\n'),
  };
  const inspected = spawnSync(...agent('inspect', file('witnesses')), { encoding: 'utf8', maxBuffer: 2 ** 30 });
  records.inspect = inspected.stdout.split('\n');
  for (const [output, lines] of Object.entries(records)) {
    const { read, missing } = readInRecords(cells, lines);
    check(t, output, read, missing);
  }
  const others = { stderr, metrics, '--stats': readFileSync(file('stats'), 'utf8'), inspect: inspected.stderr };
  for (const [output, said] of Object.entries(others)) check(t, output, readAnywhere(cells, said));
  check(t, 'witness file', readAnywhere(cells, readFileSync(file('witnesses'), 'latin1')));
  t.end();
});

t.test('uploads', async (t) => {
  check(t, 'spool', readAnywhere(cells, spooled(t)));
  const { store, others } = await collected(t);
  t.match(store, /cell-\d{6}/, 'the store was read');
  check(t, 'store', readAnywhere(cells, store));
  check(t, 'lines of collect and upload', readAnywhere(cells, others));
  t.ok(existsSync(file('store')));
  t.end();
});
