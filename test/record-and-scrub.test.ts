/**
 * From production to the desk, as a stranger has it: the packed package in a folder that is not ours. A load is recorded between two hosts,
 * scrubbed, checked, and replays with the same messages. `spike-to-desk.test.ts` is about what comes around a spike.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { install } from './installed-package.ts';

t.setTimeout(600_000);
const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-stranger-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const launcher = path.join(install(folder), 'floodgate');
const env = { ...process.env, NODE_OPTIONS: '' };
// As much as both tests need: a cable between two namespaces, and processes of their own.
const probe = [
  '-Urn',
  '--pid',
  '--mount-proc',
  '--fork',
  '--',
  'ip',
  'link',
  'add',
  'a0',
  'type',
  'veth',
  'peer',
  'name',
  'b0',
];
const refused =
  spawnSync('unshare', probe).status === 0
    ? false
    : 'namespaces or virtual cables are refused here, or "ip" is missing: recording is NOT tested';

function floodgate(...words: readonly string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(launcher, words, { cwd: folder, env, encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

t.test(
  'a load between two hosts is recorded; scrubbed, nothing of it is left and all of it replays',
  { skip: refused },
  async (t) => {
    writeFileSync(
      path.join(folder, 'server.js'),
      `const { gzipSync } = require('node:zlib');
    require('node:http').createServer((request, response) => {
      const text = JSON.stringify({ owner: 'Ada Lovelace-Byron', token: 'planted-token-4711-xyzzy', path: request.url, list: [1, 2.5, true, null] }).repeat(20);
      response.setHeader('content-type', 'application/json');
      response.setHeader('x-customer-name', 'planted-header-value');
      if (request.url.includes('gzip')) response.setHeader('content-encoding', 'gzip');
      response.end(request.url.includes('gzip') ? gzipSync(text) : text);
    }).listen(8080, '0.0.0.0');`,
    );
    writeFileSync(
      path.join(folder, 'load.js'),
      `(async () => {
      for (let i = 0; i < 20; i += 1) {
        await (await fetch(process.argv[2] + (i % 2 ? '/gzip/planted-path-' : '/plain/planted-path-') + i, { method: 'POST', body: 'note=planted-form-value', headers: { 'content-type': 'application/x-www-form-urlencoded' } })).text();
      }
    })();`,
    );
    const load = `${process.execPath} load.js http://localhost:{port}`;
    const made = floodgate('record', '--load', load, '--target', `${process.execPath} server.js`, '-o', 'made');
    t.equal(made.code, 0, made.err);
    t.match(made.err, /0 frames dropped by the kernel/);
    t.match(made.err, /own cost: .* of CPU/);
    const [name] = readdirSync(path.join(folder, 'made')).filter((each) => each.endsWith('.pcapng'));
    const recorded = path.join('made', name!);
    t.equal(statSync(path.join(folder, recorded)).mode & 0o777, 0o600);
    t.ok(readFileSync(path.join(folder, recorded)).includes('planted-header-value'), 'the recording is verbatim');

    const shared = floodgate('scrub', recorded, 'shared.pcapng');
    t.equal(shared.code, 0, shared.err);
    t.match(shared.err, /40 messages and 40 bodies/);
    const bytes = readFileSync(path.join(folder, 'shared.pcapng')).toString('latin1');
    t.notMatch(bytes, /planted|Lovelace|customer|xyzzy/);
    const checked = floodgate('scrub', '--check', 'shared.pcapng', '--original', recorded);
    t.equal(checked.code, 0, checked.out);
    t.match(checked.out, /40 messages, compared with 40 of the original/);
    t.notMatch(checked.out, /differ/);
    const files = [recorded, 'shared.pcapng'];
    const reports = files.map((file, i) => {
      const { code, err, out } = floodgate(
        'run',
        file,
        '--agent-until',
        'witnesses',
        '--lane',
        'exact',
        '--out',
        `run-${i}`,
        '--budget',
        'rss.p99=2GB',
        '--budget',
        'rss.p999=2GB',
        '--no-explain',
      );
      t.ok(code === 0 || code === 2, `${file}: ${code} ${err}${out}`);
      return JSON.parse(readFileSync(path.join(folder, `run-${i}`, 'report.json'), 'utf8'));
    });
    const [before, after] = reports.map(
      ({ figures }) =>
        new Map<string, number>(figures.map((each: { name: string; value: number }) => [each.name, each.value])),
    );
    t.same(reports[1].messages, reports[0].messages, 'the same messages');
    t.equal(reports[1].messages.found.responses, 20);
    const [was, is] = [before!.get('allocated.bytes')!, after!.get('allocated.bytes')!];
    t.ok(Math.abs(is - was) < 0.05 * was, `allocated ${was} before, ${is} scrubbed`);
  },
);

t.test('a disk that is too small is refused with one that is enough', async (t) => {
  const little = floodgate('record', '-i', 'lo', '-o', 'little', '--file-size', '200kB', '--disk', '1MB');
  t.equal(little.code, 2);
  t.match(little.err, /too little for three files of 200kB and 1 MB beside them\nExample: --disk 2MB\./);
});
