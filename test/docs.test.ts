/** The pages: links lead somewhere, named files and scripts exist, and "the article" is always the one of docs/story.md. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

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

/** Code blocks: language, text. */
const blocks = pages.flatMap(({ file, text }) =>
  [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => ({ file, language, code: code! })),
);

/** The options of a command, as its help lists them. */
function optionsOf(program: string, command: string): Set<string> {
  const words = command === '' ? ['--help'] : [command, '--help'];
  const { status, stdout } = spawnSync(path.join(root, 'bin', program), words, { encoding: 'utf8' });
  return new Set(status === 0 ? [...stdout.matchAll(/--[a-z][a-z-]*/g)].map(([option]) => option) : []);
}

t.test('commands that pages show exist, with the options that they show', (t) => {
  const known = new Map<string, Set<string>>();
  let shown = 0;
  for (const { file, language, code } of blocks) {
    if (language !== 'sh' && language !== 'yaml') continue;
    const lines = code.replaceAll(/\\\n\s*/g, '').split('\n');
    for (const line of lines) {
      const call = /(?:^|[\s/])(floodgate(?:-agent)?)(?: |$)(.*)/.exec(line.replace(/ {2,}# .*|# [^"']*$/, ''));
      if (!call || /npm i |uses:/.test(line)) continue;
      const [, program, rest] = call;
      // What stands in quotes is another program's.
      const words = rest!.replaceAll(/"[^"]*"|'[^']*'/g, '').split(/\s+/);
      const command = /^[a-z]+$/.test(words[0]!) ? words[0]! : '';
      const key = `${program} ${command}`;
      if (!known.has(key)) known.set(key, optionsOf(program!, command));
      t.not(known.get(key)!.size, 0, `${file}: ${key}`);
      for (const option of words.filter((word) => word.startsWith('--'))) {
        t.ok(known.get(key)!.has(option), `${file}: ${key} ${option}`);
      }
      shown += 1;
    }
  }
  t.ok(shown > 25, `${shown} commands`);
  t.end();
});

t.test('YAML that pages show can be read', (t) => {
  for (const { file, language, code } of blocks) {
    if (language === 'yaml') t.doesNotThrow(() => parse(code, { uniqueKeys: true }), file);
  }
  t.end();
});
