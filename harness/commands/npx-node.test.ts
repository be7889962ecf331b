/** `npx floodgate` in a team's project, whose `node_modules/.bin` has our runtime first on the path: the service runs under the team's Node.js. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { program, workplace } from './cli-trial.ts';

t.setTimeout(240_000);

const server = `import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
writeFileSync('server.txt', String(process.env.TEAM));
createServer((_request, response) => response.end('well')).listen(process.env.PORT, '127.0.0.1');
`;
const load = `import { writeFileSync } from 'node:fs';
writeFileSync('load.txt', String(process.env.TEAM));
for (let i = 0; i < 20; i++) await (await fetch('http://127.0.0.1:' + process.argv[2])).text();
`;

/** What the service and its load ran under, and what the terminal and the comment say. */
function tryProject(t: Test, manifest: object) {
  const { folder, temporary } = workplace(t);
  const [team, bin] = [path.join(folder, 'team'), path.join(folder, 'node_modules', '.bin')];
  mkdirSync(team);
  mkdirSync(bin, { recursive: true });
  const runtime = path.join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
  mkdirSync(runtime, { recursive: true });
  // A link would lead to a place of another name; what is brought along is known by its package's.
  writeFileSync(path.join(runtime, 'node'), `#!/bin/sh\nTEAM=no exec '${realpathSync(process.execPath)}' "$@"\n`, {
    mode: 0o755,
  });
  symlinkSync(path.join(runtime, 'node'), path.join(bin, 'node'));
  writeFileSync(path.join(team, 'node'), `#!/bin/sh\nTEAM=yes exec '${realpathSync(process.execPath)}' "$@"\n`, {
    mode: 0o755,
  });
  const file = (name: string) => path.join(folder, name);
  writeFileSync(file('package.json'), JSON.stringify(manifest));
  writeFileSync(file('server.mjs'), server);
  writeFileSync(file('load.mjs'), load);
  const words = [
    '--target',
    'node server.mjs',
    '--load',
    'node load.mjs {port}',
    '--idle',
    '0.1s',
    '--recover',
    '0.1s',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'run', ...words, '--out', 'out'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: temporary, CI: '1', PATH: [bin, team, process.env.PATH].join(path.delimiter) },
  });
  t.equal(status, 0, stdout + stderr);
  t.match(stdout, `on Node.js ${process.versions.node} (V8`, 'the terminal says under which');
  t.match(readFileSync(file('out/report.md'), 'utf8'), `on Node.js ${process.versions.node}`, 'and the comment');
  t.same(readdirSync(temporary), [], 'nothing is left behind');
  return [readFileSync(file('server.txt'), 'utf8'), readFileSync(file('load.txt'), 'utf8')];
}

type Test = Parameters<typeof workplace>[0] & typeof t;

t.test('what floodgate brought along is passed over', (t) => {
  t.same(tryProject(t as Test, { name: 'shop', devDependencies: { floodgate: '1.0.0' } }), ['yes', 'yes']);
  t.end();
});

t.test('a project that asks for a Node.js as a package has it', (t) => {
  t.same(tryProject(t as Test, { name: 'shop', devDependencies: { floodgate: '1.0.0', node: '26.0.0' } }), [
    'no',
    'no',
  ]);
  t.end();
});
