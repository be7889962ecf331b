/** The pages: links lead somewhere, named files and scripts exist, and "the article" is always the one of docs/story.md. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

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
