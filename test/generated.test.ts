import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

t.test('what is generated is not stale', (t) => {
  // In the repository, so that what is generated finds its packages; in node-tap's own folder, which git ignores.
  mkdirSync(path.join(root, '.tap'), { recursive: true });
  const out = mkdtempSync(path.join(root, '.tap', 'generated-'));
  t.teardown(() => rmSync(out, { recursive: true, force: true }));
  execFileSync(process.execPath, [path.join(root, 'bin', 'generate.mjs'), out], { stdio: 'pipe' });
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(js|ts|json)$/.test(name));
  for (const part of ['agent/encode', 'agent/digest', 'agent/kernels', 'reports/html']) {
    t.ok(
      files.some((file) => file.startsWith(part)),
      `something of ${part} was generated`,
    );
  }
  for (const file of files) {
    const fresh = readFileSync(path.join(out, file), 'utf8');
    t.equal(readFileSync(path.join(root, file), 'utf8') === fresh, true, `${file} is what npm run generate writes`);
  }
  t.end();
});
