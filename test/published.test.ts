/** The package as it is published: built, in a node_modules folder, started by its own launcher. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { exchangesCapture } from '../agent/commands/capture-fixture.ts';
import { tapOnly } from '../harness/commands/cli-trial.ts';
import type { RunReport } from '../reports/model.ts';
import { install, packed, plainNode } from './installed-package.ts';

const folder = t.testdir();
const root = path.resolve(import.meta.dirname, '..');

t.setTimeout(120_000);
const bin = install(folder);
const agent = path.join(bin, 'floodgate-agent');
const capture = path.join(folder, 'traffic.pcap');
writeFileSync(capture, exchangesCapture(50));

t.test('the package holds programs, their modules and docs, and no test', (t) => {
  const installed = path.dirname(bin);
  const { files, size, unpackedSize } = packed(installed);
  const kinds = [
    /^bin\/(floodgate|floodgate-agent|[a-z-]+\.js|launch\.sh|package\.json)$/,
    /^(package\.json|(README|ARCHITECTURE|CONTRIBUTING|SECURITY|CHANGELOG)\.md|LICENSE|agent\/(node-arguments\.json|kernels\/README\.md))$/,
    /^docs\/(.+\.(md|png|svg)|(scenario|config|comparison)\.schema\.json|licences\/.+\.txt)$/,
    /^dist\/(agent-bundle|agent|harness|reports|scenarios)\/.+\.(js|d\.ts|css|json|yaml|proto|zst)$/,
  ];
  for (const { path: file } of files) {
    t.notMatch(
      file,
      /\.(test|fuzz|bench|conformance)\.|-(trial|fixture)\.|testdata|sample-report|soak/,
      'no file of tests',
    );
    t.ok(
      kinds.some((kind) => kind.test(file)),
      `${file} is of a kind that is published`,
    );
  }
  // 200 MB of traffic are made from a seed; the one recording is 0.9 MB, pictures 0.4 MB, thirty commands the rest.
  t.ok(size < 3_000_000 && unpackedSize < 8_000_000, `${size} bytes packed, ${unpackedSize} unpacked`);
  t.comment(`${files.length} files, ${size} bytes packed, ${unpackedSize} unpacked`);

  const modules = files
    .map((file) => file.path)
    .filter((file) => /^dist\/(agent|harness|reports|scenarios)\/.*\.js$/.test(file));
  const texts = modules.map((file) => ({ file, text: readFileSync(path.join(installed, file), 'utf8') }));
  for (const { file, text } of texts) {
    for (const [, name] of text.matchAll(/new URL\(`(\.[^`$]+)\$\{path\.extname/g)) {
      t.ok(modules.includes(path.posix.join(path.posix.dirname(file), `${name}.js`)), `${file} finds ${name}`);
    }
  }
  t.end();
});

t.test('what its pages for users link is in it', (t) => {
  const installed = path.dirname(bin);
  const pages = packed(installed)
    .files.map((file) => file.path)
    .filter((file) => /^(README|docs\/.+)\.md$/.test(file));
  t.ok(pages.length > 20, `${pages.length} pages`);
  for (const page of pages) {
    for (const [, link] of readFileSync(path.join(installed, page), 'utf8').matchAll(/\]\((?![a-z]+:|#)([^)#]+)/g))
      t.ok(existsSync(path.join(installed, path.dirname(page), link!)), `${page} links ${link}`);
  }
  t.end();
});

t.test('it reports what the sources report', (t) => {
  const [built, plain] = [agent, path.join(root, 'bin/floodgate-agent')].map((program, index) => {
    const file = (name: string) => path.join(folder, `${index}-${name}`);
    const outputs = ['--messages', file('messages'), '--har', file('har'), '--witnesses', file('witnesses')];
    const { status, stderr } = spawnSync(process.execPath, [program, '--read', capture, ...outputs], {
      encoding: 'utf8',
    });
    t.equal(status, 0, stderr);
    return ['messages', 'har', 'witnesses'].map((name) => readFileSync(file(name), 'latin1'));
  });
  t.equal(built![0]!.split('\n').length, 101, 'all of it');
  t.same(built, plain);
  const inspected = spawnSync(process.execPath, [agent, 'inspect', path.join(folder, '0-witnesses')], {
    encoding: 'utf8',
  });
  t.equal(inspected.stdout.split('\n').length, 51, inspected.stderr);
  t.end();
});

t.test('it keeps what V8 compiled of the furthest run to a stage', (t) => {
  const cache = path.join(folder, 'cache');
  const run = (...asked: string[]) => {
    const env = { ...process.env, NODE_COMPILE_CACHE: cache };
    const { status, stderr } = spawnSync(process.execPath, [agent, ...asked], { encoding: 'utf8', env });
    t.equal(status, 0, stderr);
    return readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((file) => /core-.*code/.test(file));
  };
  t.same(run('--version'), [], 'but not where nothing was read');
  const kept = run('--read', capture, '--until', 'tcp');
  t.equal(kept.length, 1);
  const file = path.join(cache, kept[0]!);
  const stamp = () => statSync(file).ino;
  const first = stamp();
  run('--read', capture, '--until', 'tcp');
  run('--read', capture, '--until=tcp');
  t.equal(stamp(), first, 'once');
  const { size } = statSync(file);
  const plain = run('--read', capture).find((each) => each !== kept[0])!;
  const { size: plainSize } = statSync(path.join(cache, plain));
  run('--read', capture, '--messages', path.join(folder, 'messages'), '--witnesses', path.join(folder, 'witnesses'));
  t.ok(statSync(path.join(cache, plain)).size > plainSize, 'more of it, of a run that came further');
  kept.push(plain);
  const flipped = readFileSync(file);
  flipped[flipped.length >> 2]! ^= 1;
  for (const damaged of ['', 'x', 'not what V8 wrote', readFileSync(file).subarray(0, 9_000), flipped]) {
    writeFileSync(file, damaged);
    t.same(run('--read', capture, '--until', 'tcp').sort(), kept.sort());
    t.ok(statSync(file).size > size / 2, 'made again');
  }
  t.end();
});

t.test('its threads find their module', { skip: process.platform === 'linux' ? false : 'Linux only' }, async (t) => {
  const live = [agent, '--interface', 'lo', '--workers', '2', '--until', 'http'];
  const child = spawn(
    'unshare',
    ['-Urn', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh', process.execPath, ...live],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let printed = '';
  for await (const chunk of child.stderr!) {
    printed += chunk;
    // Once: a second signal would end it at once.
    if (printed.includes('capturing on') && !child.killed) child.kill('SIGTERM');
  }
  if (child.exitCode === null) await once(child, 'exit');
  t.equal(child.exitCode, 0, printed);
  t.match(printed, 'capturing on lo');
});

/** A user's own: a service, clients, an agent that may hardly work, a collector. Prints what became of it, as JSON. */
const overloadScript = `
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, get } from 'node:http';
const [agent] = process.argv.slice(2);
const start = async (ready, ...args) => {
  const child = spawn(process.execPath, [agent, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) if ((said += chunk).includes(ready)) break;
  child.stderr.resume();
  const end = async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
    return child.exitCode;
  };
  return { said, end };
};
const collector = await start('collecting on', 'collect', '--listen', '127.0.0.1:8700', '--store', 'store.sqlite');
const upload = ['--upload', 'http://127.0.0.1:8700/v1/witnesses', '--upload-interval-ms', '100'];
const stats = ['--stats', 'stats.jsonl', '--stats-interval-ms', '20'];
const watching = await start('capturing on', '--interface', 'lo', ...upload, ...stats, '--cpu', '0.5%', '--user', 'root');
const last = () => JSON.parse(readFileSync('stats.jsonl', 'utf8').split('\\n').at(-2) ?? '{}');
const server = createServer((_, response) => response.end('{"a":1}')).listen(8080);
await once(server, 'listening');
// A connection each: whole ones may be left out.
const each = new Agent({ keepAlive: false });
const ask = (path) => new Promise((resolve, reject) => {
  get({ port: 8080, path, agent: each }, (response) => response.resume().on('end', resolve)).on('error', reject);
});
let asked = 0;
const left = () => (last()['overload.exchangesSampled'] ?? 0) + (last()['overload.exchangesFraming'] ?? 0);
for (; asked < 20_000 && (asked % 100 > 0 || left() < 200); asked += 1) await ask(['/orders/' + asked, '/prices', '/news'][asked % 3]);
server.close();
const codes = [await watching.end(), await collector.end()];
const { stdout } = spawnSync(process.execPath, [agent, 'collect', '--store', 'store.sqlite', '--counts', '--json'], { encoding: 'utf8' });
console.log(JSON.stringify({ asked, codes, said: watching.said, stats: last(), counts: stdout.trim().split('\\n').map((line) => JSON.parse(line)) }));
`;

t.test('an agent that may hardly work says what it left out, and how many there were', (t) => {
  if (spawnSync('unshare', ['-Urn', 'true']).status !== 0) {
    t.comment('NETWORK NAMESPACES ARE REFUSED HERE (unshare -Urn): overload of the published agent is NOT tested');
    t.end();
    return;
  }
  const place = path.join(folder, 'overload');
  mkdirSync(place);
  writeFileSync(path.join(place, 'overload.mjs'), overloadScript);
  const [node, words] = plainNode('overload.mjs', agent);
  const args = ['-Urn', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh', node, ...words];
  const { stdout, stderr } = spawnSync('unshare', args, { cwd: place, encoding: 'utf8', timeout: 100_000 });
  const { asked, codes, said, stats, counts } = JSON.parse(
    stdout || `{"stats":{},"counts":[],"said":${JSON.stringify(stderr)}}`,
  );
  t.same(codes, [0, 0], stderr);
  t.match(said, /cpu: 0\.5 % of a core \(--cpu\)/);
  const left = stats['overload.exchangesSampled'] + stats['overload.exchangesFraming'];
  t.ok(left >= 200, `${left} of ${asked}`);
  if ((stats['capture.framesShed'] ?? 0) === 0) t.equal(stats['witness.witnesses'] + left, asked, 'every exchange');
  const names = counts.map((each: { path: string }) => each.path).sort();
  t.same(names, ['/news', '/orders/#', '/prices'], 'every endpoint');
  const total = counts.reduce((sum: number, each: { count: number }) => sum + each.count, 0);
  // A few hundred, chosen a few in a hundred.
  t.ok(total > asked / 20 && total < asked * 20, `an estimate of ${total} for ${asked}`);
  t.end();
});

t.test('the harness starts, and finds its scenarios', (t) => {
  const listed = spawnSync(process.execPath, [path.join(bin, 'floodgate'), 'list'], { encoding: 'utf8' });
  t.match(listed.stdout, /incident[\s\S]*reassembly-unbounded/, listed.stderr);
  t.end();
});

t.test('a capture of its user’s, with three impairments, is judged', (t) => {
  const args = [
    'run',
    'traffic.pcap',
    '--lane',
    'exact',
    '--impair',
    'loss=5%,reorder=5%/20,duplicate=1%',
    '--out',
    'report',
  ];
  const limits = ['--budget', 'rss.p99=1GB', '--budget', 'rss.p999=2GB', '--budget', 'missed.messages=0'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(bin, 'floodgate'), ...args, ...limits], {
    cwd: folder,
    encoding: 'utf8',
  });
  t.equal(status, 0, stdout + stderr);
  const report = JSON.parse(readFileSync(path.join(folder, 'report', 'report.json'), 'utf8'));
  t.ok(
    report.messages.truth.requests > 20 && report.messages.truth.requests < 50,
    `${report.messages.truth.requests} of 50`,
  );
  t.match(report.budgets, [{}, {}, {}, { name: 'missed.messages', state: 'pass' }]);
  const schedule = readFileSync(path.join(folder, 'report', 'applied.impair.jsonl'), 'utf8').split('\n');
  t.ok(schedule.length > 5, `${schedule.length} lines of the schedule`);
  t.end();
});

/** A run through a TAP device. @returns the agent's program, from the installed package, the report, and what was printed */
function agentRun(t: Test, ...words: string[]): { program: string; report: RunReport; printed: string } {
  const out = path.join(t.testdir(), 'run');
  const limits = ['rss.p99=2GB', 'dropped.frames=1000000', 'missed.messages=1000000'];
  const args = ['run', 'steady', '--size', '300kB', '--speed', '100', ...limits.flatMap((text) => ['--budget', text])];
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(bin, 'floodgate'), ...args, ...words, '--out', out],
    { cwd: folder, encoding: 'utf8' },
  );
  t.ok(existsSync(path.join(out, 'report.json')), stdout + stderr);
  const report: RunReport = JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8'));
  const file = report.target.command.find((word) => word.endsWith('main.js')) ?? '';
  return { program: path.relative(path.dirname(bin), file), report, printed: stdout };
}

t.test('the agent is measured as it is published, and module by module with a defect', tapOnly, (t) => {
  const plain = agentRun(t, '--agent-until', 'witnesses');
  t.equal(plain.program, 'dist/agent-bundle/main.js', 'what floodgate-agent runs');
  t.equal(plain.report.target.stages, 'ends after witnesses, uploads nothing, as published');
  t.match(plain.printed, plain.report.target.stages);
  const defect = agentRun(t, '--defect', 'unpaired-requests', '--no-explain');
  t.equal(defect.program, 'dist/agent/main.js');
  t.equal(defect.report.target.stages, 'full agent: capture to upload, module by module');
  t.end();
});

/** Another Node.js than this one, where there is one: its version and its path. */
function otherNode(): { version: string; program: string } | undefined {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/local/bin', '/usr/bin'];
  for (const program of folders.map((each) => path.join(each, 'node'))) {
    const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', env: {} });
    if (stdout && stdout.trim() !== process.version) return { version: stdout.trim(), program };
  }
  return undefined;
}

const other = otherNode();
const skip = other ? false : 'SKIPPED: there is no other Node.js on this machine';

t.test('one seed makes one schedule under another Node.js', { skip }, (t) => {
  const module = (name: string) =>
    JSON.stringify(path.join(path.dirname(bin), 'dist/harness/traffic/impairments', name));
  const text = `
    import { parseImpairments } from ${module('parse.js')};
    import { ImpairmentStack } from ${module('stack.js')};
    import { MovingFrame } from ${module('moving-frame.js')};
    const impair = 'loss=1%/20%,gemodel=1%/20%/80%,state=1%/30%/20%/50%/1%,reorder=5%/9,duplicate=3%,corrupt=1%,truncate=1%/40,' +
      'delay=1ms/500us/pareto,jitter=100us/normal,rate=100mbit';
    const frame = new MovingFrame();
    const choices = [];
    const onChoice = (...choice) => choices.push(choice.join());
    const stack = new ImpairmentStack({ impairments: parseImpairments(impair), seed: 5, output: () => {}, onChoice });
    for (let i = 0; i < 20000; i++) {
      Object.assign(frame, { bytes: new Uint8Array(60).fill(i), start: 0, end: 60, wireLength: 60, tsUs: 1e15 + i * 37 });
      stack.take(frame);
    }
    stack.flush();
    console.log(choices.join(' '));`;
  const choices = [process.execPath, other!.program].map((program) =>
    spawnSync(program, ['--input-type=module', '--eval', text], { encoding: 'utf8', env: {}, maxBuffer: 1e8 }),
  );
  t.equal(choices[1]!.status, 0, choices[1]!.stderr);
  t.ok(choices[0]!.stdout.length > 100_000);
  t.equal(choices[1]!.stdout, choices[0]!.stdout, `${other!.version} as ${process.version}`);
  t.end();
});
