/** What `floodgate init` makes of answers, and of a terminal that is left. */
import { PassThrough } from 'node:stream';
import t from 'tap';
import type { ProjectDraft } from '../project/detect.ts';
import { askDraft } from './init-questions.ts';

const draft: ProjectDraft = {
  ...{ kind: 'Node.js', command: 'node a.js', load: 'node load.js {port}', budget: '200 MB', remark: '' },
  ...{ build: undefined, firstBuild: undefined, pprof: undefined },
};

/** Types the next answer at each question; behind the last one the input ends. */
async function asked(answers: readonly string[]) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const left = [...answers];
  let said = '';
  output.on('data', (chunk) => {
    said += chunk;
    if (!said.endsWith('] ')) return;
    const next = left.shift();
    if (next === undefined) input.end();
    else input.write(`${next}\n`);
  });
  return { answered: await askDraft(draft, { input, output }).catch((error) => error), said: () => said };
}

t.test('what is accepted stands; what a configuration would refuse is asked again', async (t) => {
  t.same((await asked(['', '', ''])).answered, draft);
  const again = await asked([
    ' node b.js ',
    'http://shop.example/',
    'http://localhost:80/a?b=1&c',
    'lots',
    '5 ms',
    '64 MiB',
  ]);
  const load = 'npx --yes autocannon -c 1 -a 4000 "http://127.0.0.1:{port}/a?b=1&c"';
  t.match(again.answered, { command: 'node b.js', load, budget: '64 MiB' });
  for (const fault of [/shop\.example is not where/, /"lots" is not an amount of bytes/, /"5ms" is an amount of time/])
    t.match(again.said(), fault);
  t.match((await asked(['', 'http://127.0.0.1:{port}/x', ''])).answered.load, / http:\/\/127\.0\.0\.1:\{port\}\/x$/);
  t.equal((await asked(['', '/usr/bin/env node load.js', ''])).answered.load, '/usr/bin/env node load.js');
  t.match((await asked(['', 'x'.repeat(9_000), 'x', ''])).answered.load, /^x$/, 'too long');
});

t.test('a terminal that is left ends it quietly', async (t) => {
  for (const answers of [[], [''], ['', 'http://shop.example/']])
    t.match((await asked(answers)).answered, { code: 'interrupted', exitCode: 3, hint: '' });
});
