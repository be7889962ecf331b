/** The pages: links lead somewhere, named files and scripts exist, and "the article" is always the one of docs/story.md. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import t from 'tap';
import { parse } from 'yaml';
import { commandTable } from '../harness/commands/command-table.ts';

const root = path.resolve(import.meta.dirname, '..');
const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(path.join(root, file)))
  .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** As GitHub makes them of headings. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

t.test('links lead somewhere', (t) => {
  for (const { file, text } of pages) {
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link!)) continue;
      const [name, anchor] = link!.split('#');
      const target = name === '' ? file : path.posix.join(path.posix.dirname(file), name!);
      t.ok(existsSync(path.join(root, target)), `${file} → ${link}`);
      const page = pages.find((each) => each.file === target);
      if (anchor && page) t.ok(anchors(page.text).has(anchor), `${file} → ${link}`);
    }
  }
  t.end();
});

t.test('files and scripts that pages name exist', (t) => {
  for (const { file, text } of pages) {
    // The changelog describes past versions, whose files may be gone.
    if (file === 'CHANGELOG.md') continue;
    for (const [, name] of text.matchAll(
      /(?:`|node )((?:agent|harness|reports|scenarios|bench|conformance|test|bin)\/[\w./-]*\w)/g,
    )) {
      t.ok(existsSync(path.join(root, name!)), `${file}: ${name}`);
    }
    for (const [, script] of text.matchAll(/npm run (\w+(?::\w+)*)/g))
      t.ok(scripts[script!], `${file}: npm run ${script}`);
  }
  t.end();
});

t.test('the article is named', (t) => {
  const story = pages.find(({ file }) => file === 'docs/story.md')!.text;
  for (const part of ['Mark Gritter', 'Taming Go’s Memory Usage', 'Akita', '21 September 2021']) {
    t.ok(story.replaceAll("'", '’').includes(part), part);
  }
  for (const { file, text } of pages) {
    if (/\bthe article\b/i.test(text) && file !== 'docs/story.md')
      t.match(text, /story\.md/, `${file} links the story`);
  }
  t.end();
});

/** Code blocks: language, text. What has no language is what a program prints. */
const blocks = pages.flatMap(({ file, text }) =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, code]) => ({
    file,
    language: language || 'text',
    code: code!,
  })),
);

t.test('a language of a code block is one that a test runs', (t) => {
  // ts and js: test/project.test.ts and test/floods.test.ts; text is what a program printed.
  const known = ['sh', 'yaml', 'ts', 'js', 'dockerfile', 'text'];
  for (const { file, language } of blocks) {
    if (file.startsWith('docs/') || file === 'README.md') t.ok(known.includes(language), `${file}: ${language}`);
  }
  t.end();
});

/** The options of the agent's command, as its help lists them. */
function optionsOf(command: string): Set<string> {
  const words = command === '' ? ['--help'] : [command, '--help'];
  const { status, stdout } = spawnSync(path.join(root, 'bin', 'floodgate-agent'), words, { encoding: 'utf8' });
  return new Set(status === 0 ? [...stdout.matchAll(/--[a-z][a-z-]*/g)].map(([option]) => option) : []);
}

/** Programs that pages call beside ours; nothing of them is run here. */
const otherPrograms = [
  'node_modules/.bin/node',
  'npm',
  'npx',
  'sudo',
  'git',
  'go',
  'openssl',
  'cosign',
  'gh',
  'sed',
  'base64',
  'cat',
  'wc',
];

/** In place of every program a function that takes down its words; `sudo` and `npx` call what they are given. */
const stubs = `
take() { printf '%s\\0' "$@" >> "$log"; printf '\\001\\0' >> "$log"; }
${['floodgate', 'bin/floodgate', 'floodgate-agent'].map((name) => `function ${name} { take ${path.basename(name)} "$@"; }`).join('\n')}
${otherPrograms.map((name) => `function ${name} { :; }`).join('\n')}
sudo() { while [[ $1 == *=* ]]; do shift; done; "$@"; }
npx() { "$@"; }
for text in "$@"; do
  log=$text.calls
  : > "$log"
  ( . "$text" ) > "$text.output" 2> "$text.errors"
done
`;

interface Shown {
  readonly calls: readonly (readonly string[])[];
  readonly errors: string;
}

/** What each of the texts calls where bash runs it: one bash for all of them. */
function callsIn(folder: string, texts: readonly string[]): Shown[] {
  const files = texts.map((text, at) => {
    const file = path.join(folder, `text-${at}`);
    writeFileSync(file, text);
    return file;
  });
  spawnSync('/bin/bash', ['--noprofile', '--norc', '-c', stubs, 'bash', ...files], {
    cwd: folder,
    env: { PATH: '/nowhere', HOME: folder },
  });
  return files.map((file) => {
    const calls = readFileSync(`${file}.calls`, 'utf8')
      .split('\x01\0')
      .map((call) => call.split('\0').slice(0, -1));
    return {
      calls: calls.filter(([program]) => program?.startsWith('floodgate')),
      errors: readFileSync(`${file}.errors`, 'utf8'),
    };
  });
}

/** A shown file's scripts and steps; expressions of a workflow are words. */
function scriptsIn(value: unknown): string[] {
  if (typeof value === 'string') return /\bfloodgate /.test(value) ? [value.replaceAll(/\$\{\{.*?\}\}/g, 'x')] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(scriptsIn) : [];
}

/** A container's words. */
function wordsIn(value: unknown): string[][] {
  if (Array.isArray(value) && value.includes('floodgate')) return [value.slice(value.indexOf('floodgate'))];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(wordsIn) : [];
}

/** Entry point and default words are those of one command. */
function wordsInDockerfile(code: string): string[][] {
  const words = [...code.matchAll(/^(?:ENTRYPOINT|CMD) (\[.*\])$/gm)].flatMap(([, list]) => JSON.parse(list!));
  return words.includes('floodgate') ? [words.slice(words.indexOf('floodgate'))] : [];
}

/** Takes the words as the command does, and does nothing. @throws Error what the command would print */
async function takenByCommander([, ...words]: readonly string[]): Promise<void> {
  const program = new Command('floodgate');
  const row = commandTable.find(({ name }) => name === words[0]);
  if (!row) throw new Error(`there is no command "${words[0]}"`);
  (await row.load())(program.command(row.name));
  const silence = (command: Command) => {
    command.exitOverride().configureOutput({ writeErr: () => {} });
    if (command !== program) command.action(() => {});
    for (const each of command.commands) silence(each);
  };
  silence(program);
  await program.parseAsync(words, { from: 'user' });
}

t.test('commands that pages show are taken as they stand', { timeout: 300_000 }, async (t) => {
  const scripts = blocks.flatMap(({ file, language, code }) => {
    if (language === 'sh') return [{ file, text: code }];
    return language === 'yaml' ? scriptsIn(parse(code)).map((text) => ({ file, text })) : [];
  });
  const shown = callsIn(
    t.testdir(),
    scripts.map(({ text }) => text),
  );
  const calls = blocks.flatMap(({ file, language, code }) => {
    const words = language === 'yaml' ? wordsIn(parse(code)) : language === 'dockerfile' ? wordsInDockerfile(code) : [];
    return words.map((call) => ({ file, call: call as readonly string[] }));
  });
  for (const [at, { calls: called, errors }] of shown.entries()) {
    const { file, text } = scripts[at]!;
    t.notMatch(errors, /not found|No such file|syntax error/, `${file}: ${text}`);
    calls.push(...called.map((call) => ({ file, call })));
  }
  const agent = new Map<string, Set<string>>();
  for (const { file, call } of calls) {
    const words = call.join(' ');
    if (call[0] === 'floodgate') {
      await t.resolves(takenByCommander(call), `${file}: ${words}`);
      continue;
    }
    const command = /^[a-z]+$/.test(call[1] ?? '') ? call[1]! : '';
    if (!agent.has(command)) agent.set(command, optionsOf(command));
    for (const option of call.filter((word) => word.startsWith('--')))
      t.ok(agent.get(command)!.has(option), `${file}: ${words}: ${option}`);
  }
  t.ok(calls.length > 80, `${calls.length} commands`);
  await t.rejects(takenByCommander(['floodgate', 'compare', '--base', 'main', '--haed', '.']), /unknown option/);
  await t.rejects(takenByCommander(['floodgate', 'history', 'show', 'a', 'b', 'c']), /too many arguments/);
});

t.test('YAML that pages show can be read', (t) => {
  for (const { file, language, code } of blocks) {
    if (language === 'yaml') t.doesNotThrow(() => parse(code, { uniqueKeys: true }), file);
  }
  t.end();
});
