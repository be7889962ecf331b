/** What would start the service of a folder, by the files that each kind of project has. Nothing is run. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface ServiceGuess {
  /** For a person: `Rust`. */
  readonly kind: string;
  /** Undefined where the folder does not say it. */
  readonly command?: string | undefined;
  /** Makes a fresh checkout ready. @default by the lock file */
  readonly build?: string | undefined;
  /** What makes the working folder ready, where it is not, and a fresh checkout is made ready by itself. */
  readonly firstBuild?: string | undefined;
  /** Of a Go service that serves it. */
  readonly pprof?: string | undefined;
  /** Resident memory that such a program may take. @default 200 MB */
  readonly budget?: string;
  /** What the folder lacks, or what it is to be watched for. */
  readonly remark?: string;
}

type Guess = (folder: string) => ServiceGuess | undefined;

const has = (folder: string, ...names: string[]): string | undefined =>
  names.find((name) => existsSync(path.join(folder, name)));

/** Empty where it cannot be read. */
function textOf(folder: string, name: string | undefined): string {
  try {
    return name === undefined ? '' : readFileSync(path.join(folder, name), 'utf8');
  } catch {
    return '';
  }
}

/** What platforms start: where a project says it, nothing has to be guessed. */
const procfile: Guess = (folder) => {
  const command = /^web:\s*(.+)$/m.exec(textOf(folder, 'Procfile'))?.[1]?.trim();
  if (command === undefined || /[&|;<>`]/.test(command)) return undefined;
  return { kind: 'other', command: command.replaceAll(/\$\{?PORT\}?/g, '{port}') };
};

const rust: Guess = (folder) => {
  const manifest = textOf(folder, 'Cargo.toml');
  if (manifest === '' || !/^\[package\]/m.test(manifest)) return undefined;
  const section = (name: string) => manifest.split(/^\[/m).find((part) => part.startsWith(name)) ?? '';
  const nameIn = (text: string) => /^name\s*=\s*"([^"]+)"/m.exec(text)?.[1];
  const own = has(folder, 'src/main.rs') && nameIn(section('package]'));
  const [other] = globSync('src/bin/*.rs', { cwd: folder }).sort();
  const name = nameIn(section('[bin]]')) ?? own ?? (other && path.basename(other, '.rs'));
  const build = 'cargo build --release';
  if (name === undefined) return { kind: 'Rust', build, remark: 'Cargo.toml has no program, only a library' };
  return { kind: 'Rust', build, command: `./target/release/${name}` };
};

const maven: Guess = (folder) => {
  const manifest = textOf(folder, 'pom.xml');
  if (manifest === '') return undefined;
  const build = `${has(folder, 'mvnw') ? './mvnw' : 'mvn'} -q -DskipTests package`;
  // A parent has a name and a version of its own.
  const own = manifest.replaceAll(/<(parent|dependencies|dependencyManagement|build|profiles)>[\s\S]*?<\/\1>/g, '');
  const tag = (name: string) => new RegExp(`<${name}>\\s*([\\w.-]+)\\s*</${name}>`).exec(own)?.[1];
  const final = /<finalName>\s*([\w.-]+)\s*<\/finalName>/.exec(manifest)?.[1];
  const [artifact, version] = [tag('artifactId'), tag('version')];
  const jar = final ?? (artifact && version && `${artifact}-${version}`);
  const base = { kind: 'Java', build, budget: '512 MB' };
  if (jar === undefined) return { ...base, remark: 'pom.xml does not say what its jar is called' };
  return { ...base, command: `java ${portOfSpring(manifest)}-jar target/${jar}.jar` };
};

const portOfSpring = (manifest: string) => (/spring-?boot/i.test(manifest) ? '-Dserver.port={port} ' : '');

const gradle: Guess = (folder) => {
  const file = has(folder, 'build.gradle', 'build.gradle.kts');
  if (file === undefined) return undefined;
  const text = textOf(folder, file);
  const settings = textOf(folder, has(folder, 'settings.gradle', 'settings.gradle.kts'));
  const name = /rootProject\.name\s*=\s*["']([\w.-]+)["']/.exec(settings)?.[1] ?? path.basename(path.resolve(folder));
  const version = /^\s*version\s*=?\s*["']([\w.-]+)["']/m.exec(text)?.[1];
  const build = `${has(folder, 'gradlew') ? './gradlew' : 'gradle'} -q assemble`;
  const jar = `build/libs/${name}${version === undefined ? '' : `-${version}`}.jar`;
  return { kind: 'Java', build, budget: '512 MB', command: `java ${portOfSpring(text)}-jar ${jar}` };
};

const ruby: Guess = (folder) => {
  const gems = textOf(folder, 'Gemfile');
  const file = has(folder, 'app.rb', 'server.rb', 'main.rb');
  if (gems === '' && !has(folder, 'config.ru') && file === undefined) return undefined;
  const build = gems === '' ? undefined : 'bundle install';
  const base = { kind: 'Ruby', build };
  if (has(folder, 'bin/rails')) return { ...base, budget: '400 MB', command: 'bin/rails server -p {port}' };
  if (has(folder, 'config.ru'))
    return { ...base, command: `bundle exec ${/puma/.test(gems) ? 'puma' : 'rackup'} -p {port}` };
  if (file !== undefined) return { ...base, command: `ruby ${file}` };
  return { ...base, remark: 'there is no config.ru, no bin/rails and no app.rb' };
};

const python: Guess = (folder) => {
  const file = has(folder, 'app.py', 'main.py', 'server.py', 'wsgi.py');
  const manifest = has(folder, 'pyproject.toml', 'requirements.txt', 'setup.py', 'Pipfile');
  if (has(folder, 'manage.py')) return { kind: 'Python', command: 'python3 manage.py runserver --noreload {port}' };
  if (file === undefined)
    return manifest === undefined
      ? undefined
      : { kind: 'Python', remark: 'there is no app.py, main.py, server.py or manage.py' };
  const text = textOf(folder, file);
  const module = path.basename(file, '.py');
  const made = /^(\w+)\s*(?::[^=]+)?=\s*(FastAPI|Starlette|Flask)\(/m.exec(text);
  if (made?.[2] === 'Flask') return { kind: 'Python', command: `flask --app ${module}:${made[1]} run --port {port}` };
  if (made) return { kind: 'Python', command: `uvicorn ${module}:${made[1]} --port {port}` };
  return { kind: 'Python', command: `python3 ${file}` };
};

const php: Guess = (folder) => {
  const index = has(folder, 'public/index.php', 'web/index.php', 'index.php');
  const composer = has(folder, 'composer.json');
  if (index === undefined && composer === undefined) return undefined;
  const base = { kind: 'PHP', build: composer && 'composer install --no-interaction' };
  if (index === undefined) return { ...base, remark: 'there is no index.php, at the top or in public' };
  const root = path.dirname(index);
  return { ...base, command: `php -S 127.0.0.1:{port}${root === '.' ? '' : ` -t ${root}`}` };
};

const dotnet: Guess = (folder) => {
  const [file] = globSync('*.{cs,fs}proj', { cwd: folder });
  if (file === undefined) return undefined;
  const command = 'dotnet run -c Release --no-launch-profile --urls http://127.0.0.1:{port}';
  return { kind: '.NET', command, build: 'dotnet build -c Release', budget: '400 MB' };
};

/** Targets of a Makefile that start something, as people name them. */
const runTargets = ['run', 'serve', 'start', 'server'];

const makefile: Guess = (folder) => {
  const file = has(folder, 'Makefile', 'makefile', 'GNUmakefile');
  if (file === undefined) return undefined;
  const targets = [...textOf(folder, file).matchAll(/^([\w.-]+)\s*:(?!=)/gm)].map(([, name]) => name!);
  const run = runTargets.find((name) => targets.includes(name));
  const build = targets.includes('build') ? 'make build' : targets.includes('all') ? 'make all' : undefined;
  if (run !== undefined) return { kind: 'other', build, command: `make ${run}` };
  return { kind: 'other', build, remark: `${file} has no target ${runTargets.slice(0, -1).join(', ')}` };
};

/** The program in a container is measured outside of it: of `docker run` only the client's memory would be seen. */
const dockerfile: Guess = (folder) => {
  const file = has(folder, 'Dockerfile', 'Containerfile');
  if (file === undefined) return undefined;
  const text = textOf(folder, file);
  const last = (name: string) => [...text.matchAll(new RegExp(`^${name}\\s+(.+)$`, 'gm'))].at(-1)?.[1];
  const words = [last('ENTRYPOINT'), last('CMD')].map((line) => (line === undefined ? '' : wordsOf(line)));
  const inside = words.filter((each) => each !== '').join(' ');
  const why = 'a program in a container is measured outside of it, by the command that starts it there';
  return { kind: 'other', remark: inside === '' ? why : `${why}: inside, ${file} says "${inside}"` };
};

function wordsOf(line: string): string {
  try {
    const words: unknown = JSON.parse(line);
    return Array.isArray(words) ? words.join(' ') : line;
  } catch {
    return line;
  }
}

/** In this order: what says it plainly, then what has a manifest, then what builds anything. */
const guesses: readonly Guess[] = [procfile, rust, maven, gradle, ruby, dotnet, php, python, makefile, dockerfile];

/** What a folder holds that is no Node.js and no Go project; undefined where it has nothing that is known. */
export function guessService(folder: string): ServiceGuess | undefined {
  const found = guesses.flatMap((guess) => guess(folder) ?? []);
  const [first] = found;
  const started = found.find(({ command }) => command !== undefined);
  // A Makefile may say what a manifest does not.
  return first && started && first.command === undefined ? { ...first, ...started, kind: first.kind } : first;
}
