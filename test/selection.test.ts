/** Which tests a run takes: the rule of bin/test-selection.mjs, on a small tree and on the repository itself. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { rooms, testSelection, testsBelow } from '../bin/test-selection.mjs';

const root = path.resolve(import.meta.dirname, '..');

t.test('a test is a unit test where nothing that it reaches leaves the process', (t) => {
  const folder = t.testdir({
    'pure.ts': "import type { Server } from 'node:http';\nimport path from 'node:path';\nexport const a = path.sep;",
    'pure.test.ts': "import { a } from './pure.ts';",
    'spawns.ts': "import { spawn } from 'node:child_process';\nexport { spawn };",
    'between.ts': "export { spawn } from './spawns.ts';",
    'deep.test.ts': "import { spawn } from './between.ts';",
    // Not written out: `test/house.test.ts` would take it for an import of this file.
    'lazy.test.ts': `const { spawn } = await import(${JSON.stringify('./spawns.ts')});`,
    'corpora.test.ts': 'const folder = process.env.FLOODGATE_SHARED;',
    'native.test.ts': "import koffi from 'koffi';",
    'timed.test.ts': "/**\n * What it tests.\n * Runs alone: it goes by milliseconds.\n */\nimport 'node:net';",
  });
  const { isUnit, reaching, runsAlone } = testSelection(folder);
  const tests = testsBelow(folder, '.');
  t.same(tests.filter(isUnit), ['pure.test.ts']);
  t.same(tests.filter(runsAlone), ['timed.test.ts']);
  t.same(reaching(tests, new Set(['spawns.ts'])), ['deep.test.ts', 'lazy.test.ts']);
  t.same(reaching(tests, new Set(['pure.test.ts'])), ['pure.test.ts']);
  t.same(reaching(tests, new Set(['README.md'])), []);
  t.throws(() => testsBelow(folder, 'gone'), /there is no gone/);
  t.end();
});

t.test('the repository has both kinds', (t) => {
  const { isUnit } = testSelection(root);
  const tests = rooms.flatMap((room) => testsBelow(root, room));
  t.ok(isUnit('reports/format.test.ts'));
  t.notOk(isUnit('test/launch.test.ts'));
  const unit = tests.filter(isUnit);
  for (const test of unit) {
    const text = readFileSync(path.join(root, test), 'utf8');
    t.notMatch(text, /performance\.now\(|hrtime|Date\.now\(/, `${test} measures CPU, not time: others run beside it`);
  }
  t.ok(unit.length > 50 && tests.length - unit.length > 50, `${unit.length} of ${tests.length} are unit tests`);
  t.end();
});
