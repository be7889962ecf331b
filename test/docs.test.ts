/** The pages: links lead somewhere, named files and scripts exist, and "the article" is always the one of docs/story.md. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
const otherPrograms = ['npm', 'npx', 'sudo', 'git', 'go', 'openssl', 'cosign', 'gh', 'sed', 'base64', 'cat', 'wc'];

/** What bash calls where it runs a text, with every program replaced by one that takes down its words. */
function callsIn(folder: string, code: string): { calls: string[][]; errors: string } {
  const bin = path.join(folder, 'bin');
  const log = path.join(folder, 'log');
  if (!existsSync(bin)) {
    mkdirSync(bin);
    const stub = `#!/bin/sh\nprintf '%s\\0' "\${0##*/}" "$@" >> "$LOG"\nprintf '\\001\\0' >> "$LOG"\ncase "\${0##*/}" in sudo|npx) exec /usr/bin/env "$@";; esac\n`;
    for (const name of ['floodgate', 'floodgate-agent', ...otherPrograms])
      writeFileSync(path.join(bin, name), stub, { mode: 0o755 });
  }
  writeFileSync(log, '');
  const { stderr } = spawnSync('/bin/bash', ['--noprofile', '--norc', '-c', code], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: bin, LOG: log, HOME: folder },
  });
  const calls = readFileSync(log, 'utf8')
    .split('\x01\0')
    .map((call) => call.split('\0').slice(0, -1));
  return { calls: calls.filter(([program]) => program?.startsWith('floodgate')), errors: stderr };
}

/** A shown file's commands: scripts and steps, a container's words. */
function callsInYaml(folder: string, value: unknown): string[][] {
  if (typeof value === 'string' && /\bfloodgate /.test(value)) {
    return callsIn(folder, value.replaceAll(/\$\{\{.*?\}\}/g, 'x')).calls;
  }
  if (Array.isArray(value) && value.includes('floodgate')) return [value.slice(value.indexOf('floodgate'))];
  return typeof value === 'object' && value !== null
    ? Object.values(value).flatMap((each) => callsInYaml(folder, each))
    : [];
}

/** Entry point and default words are those of one command. */
function callsInDockerfile(code: string): string[][] {
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

t.test('commands that pages show are taken as they stand', async (t) => {
  const folder = t.testdir();
  const agent = new Map<string, Set<string>>();
  let shown = 0;
  for (const { file, language, code } of blocks) {
    let calls: string[][] = [];
    if (language === 'sh') {
      const run = callsIn(folder, code);
      t.notMatch(run.errors, /not found|syntax error/, `${file}: ${code}`);
      calls = run.calls;
    } else if (language === 'yaml') calls = callsInYaml(folder, parse(code));
    else if (language === 'dockerfile') calls = callsInDockerfile(code);
    for (const call of calls) {
      shown += 1;
      const words = call.join(' ');
      if (call[0] === 'floodgate') await t.resolves(takenByCommander(call), `${file}: ${words}`);
      else {
        const command = /^[a-z]+$/.test(call[1] ?? '') ? call[1]! : '';
        if (!agent.has(command)) agent.set(command, optionsOf(command));
        for (const option of call.filter((word) => word.startsWith('--')))
          t.ok(agent.get(command)!.has(option), `${file}: ${words}: ${option}`);
      }
    }
  }
  t.ok(shown > 80, `${shown} commands`);
  await t.rejects(takenByCommander(['floodgate', 'compare', '--base', 'main', '--haed', '.']), /unknown option/);
  await t.rejects(takenByCommander(['floodgate', 'history', 'show', 'a', 'b', 'c']), /too many arguments/);
});

t.test('YAML that pages show can be read', (t) => {
  for (const { file, language, code } of blocks) {
    if (language === 'yaml') t.doesNotThrow(() => parse(code, { uniqueKeys: true }), file);
  }
  t.end();
});
