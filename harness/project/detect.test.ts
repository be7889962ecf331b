/** What `floodgate init` makes of folders: a command that starts the service, or what line to fill in. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { draftOf, renderConfig } from './detect.ts';
import { loadProject } from './find-config.ts';
import { membersOf } from './members.ts';

type Files = Readonly<Record<string, string>>;

function folderOf(top: string, name: string, files: Files): string {
  const folder = path.join(top, name);
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  return folder;
}

const pom = (more: string) =>
  `<project><parent><artifactId>p</artifactId><version>9</version></parent><artifactId>shop</artifactId><version>1.2</version>${more}</project>`;

/** Files, the kind, what starts it, what builds it. */
const known: readonly (readonly [Files, kind: string, command: string, build?: string])[] = [
  [
    { 'package.json': '{"scripts":{"start":"NODE_ENV=production node app.js"}}' },
    'Node.js',
    'NODE_ENV=production node app.js',
  ],
  [
    { 'package.json': '{"scripts":{"start":"cross-env NODE_ENV=prod nodemon -w src -r dotenv/config server.js"}}' },
    'Node.js',
    'NODE_ENV=prod node -r dotenv/config server.js',
  ],
  [{ 'package.json': '{"main":"index.js"}', 'app.js': '' }, 'Node.js', 'node app.js'],
  [{ 'package.json': '{"main":"lib"}', 'lib/index.js': '', 'server.js': '' }, 'Node.js', 'node lib'],
  [{ 'package.json': '{"main":"dist/a.js","scripts":{"build":"tsc"}}', 'server.js': '' }, 'Node.js', 'node dist/a.js'],
  [{ 'package.json': 'null', 'src/main.ts': '' }, 'Node.js', 'node src/main.ts'],
  [
    { 'go.mod': 'module x', 'cmd/api/main.go': 'package main\nimport _ "net/http/pprof"', 'lib/a.go': 'package lib' },
    'Go',
    './service',
    'go build -o service ./cmd/api',
  ],
  [
    { 'Cargo.toml': '[package]\nname = "shop"\n', 'src/main.rs': '' },
    'Rust',
    './target/release/shop',
    'cargo build --release',
  ],
  [{ 'Cargo.toml': '[package]\nname = "lib"\n[[bin]]\nname = "serve"\n' }, 'Rust', './target/release/serve'],
  [{ 'pom.xml': pom('') }, 'Java', 'java -jar target/shop-1.2.jar', 'mvn -q -DskipTests package'],
  [
    { 'pom.xml': pom('<dependencies><x>spring-boot</x></dependencies>'), mvnw: '' },
    'Java',
    'java -Dserver.port={port} -jar target/shop-1.2.jar',
    './mvnw -q -DskipTests package',
  ],
  [
    { 'build.gradle.kts': 'version = "0.3"', 'settings.gradle.kts': 'rootProject.name = "till"' },
    'Java',
    'java -jar build/libs/till-0.3.jar',
    'gradle -q assemble',
  ],
  [{ Gemfile: "gem 'puma'", 'config.ru': '' }, 'Ruby', 'bundle exec puma -p {port}', 'bundle install'],
  [{ 'app.rb': '' }, 'Ruby', 'ruby app.rb'],
  [{ 'requirements.txt': '', 'main.py': 'app = FastAPI()' }, 'Python', 'uvicorn main:app --port {port}'],
  [{ 'manage.py': '' }, 'Python', 'python3 manage.py runserver --noreload {port}'],
  [
    { 'composer.json': '{}', 'public/index.php': '' },
    'PHP',
    'php -S 127.0.0.1:{port} -t public',
    'composer install --no-interaction',
  ],
  [{ 'shop.csproj': '' }, '.NET', 'dotnet run -c Release --no-launch-profile --urls http://127.0.0.1:{port}'],
  [{ Makefile: 'CC := gcc\nbuild:\n\tcc\nserve: build\n\t./x\n' }, 'other', 'make serve', 'make build'],
  [
    { 'Cargo.toml': '[package]\nname = "lib"\n', Procfile: 'web: ./run --port $PORT\n' },
    'other',
    './run --port {port}',
  ],
];

t.test('folders that say what starts their service', async (t) => {
  for (const [at, [files, kind, command, build]] of known.entries()) {
    const draft = draftOf(folderOf(t.testdir(), String(at), files));
    t.match(draft, { kind, command, ...(build !== undefined && { build }) }, JSON.stringify(files));
  }
});

t.test('what has to be built first, and what else could be started', async (t) => {
  const scripts = { build: 'tsc', start: 'node --enable-source-maps dist/main.js' };
  const draft = (name: string, files: Files) => draftOf(folderOf(t.testdir(), name, files));
  const manifest = (more: object) => JSON.stringify({ scripts: { ...scripts, ...more } });
  t.match(draft('fresh', { 'package.json': manifest({}) }), { firstBuild: 'npm run build', build: undefined });
  t.match(draft('next', { 'package.json': manifest({ start: 'next start' }) }), { firstBuild: 'npm run build' });
  for (const [at, files] of [
    { 'package.json': manifest({}), 'dist/main.js': '' },
    { 'package.json': manifest({ start: 'next start' }), '.next/a': '' },
    { 'package.json': manifest({ start: 'node src/a.js' }), 'src/a.js': '' },
    { 'package.json': manifest({ build: undefined }) },
  ].entries())
    t.equal(draft(`built-${at}`, files).firstBuild, undefined, JSON.stringify(files));
  const program = 'package main\nimport _ "net/http/pprof"';
  const several = { 'go.mod': 'module x', 'cmd/api/main.go': program, 'cmd/worker/main.go': program };
  t.match(draft('several', several), {
    build: /cmd\/api$/,
    remark: 'cmd/api is built; other programs: cmd/worker ("build" says which)',
  });
});

t.test('folders that do not: the line is named, and nothing is run with it', async (t) => {
  for (const [at, [files, remark]] of (
    [
      [{}, /nothing in the folder says what it is/],
      [{ 'package.json': '{}' }, /package\.json has no start script/],
      [{ 'package.json': '{"main":"index.js"}' }, /its main, index\.js, is not there/],
      [
        { 'package.json': '{"scripts":{"start":"nodemon --exec ts-node a.ts"}}' },
        /no start script that is one program/,
      ],
      [{ 'package.json': '{"name":"e",}', 'server.js': '' }, /package\.json cannot be read: it is no JSON/],
      [{ 'Cargo.toml': '[package]\nname = "lib"\n', 'src/lib.rs': '' }, /only a library/],
      [{ 'go.mod': 'module x', 'a.go': 'package x' }, /package main/],
      [{ Makefile: 'all:\n\tcc\n' }, /Makefile has no target run, serve, start/],
      [
        { Dockerfile: 'FROM node\nENTRYPOINT ["node"]\nCMD ["server.js"]\n' },
        /inside, Dockerfile says "node server\.js"/,
      ],
      [{ 'composer.json': '{}' }, /no index\.php/],
      [{ 'pom.xml': '<project/>' }, /does not say what its jar is called/],
    ] as const
  ).entries()) {
    const folder = folderOf(t.testdir(), `missing-${at}`, files as Files);
    const draft = draftOf(folder);
    t.equal(draft.command, undefined, JSON.stringify(files));
    t.match(draft.remark, remark);
    const { name, text } = renderConfig(draft, false, './x.schema.json');
    writeFileSync(path.join(folder, name), text);
    await t.rejects(loadProject(folder), {
      code: 'config-invalid',
      message:
        /floodgate\.config\.yaml:3: targets\.service\.command: is still to be filled in: what starts the service/,
    });
  }
});

t.test('the root of a monorepo: the projects below it', async (t) => {
  const files = { 'package.json': '{"workspaces":["packages/*"]}', 'packages/api/package.json': '{}', 'go/go.mod': '' };
  const folder = folderOf(t.testdir(), 'root', { ...files, 'node_modules/x/package.json': '{}', 'docs/a.md': '' });
  t.same(membersOf(folder), ['go', 'packages/api']);
});
