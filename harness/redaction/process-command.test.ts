import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { commandOf } from '../watch/descendants.ts';
import { processCommand } from './process-command.ts';
import { Redactor } from './redactor.ts';

const token = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';

t.test('a secret is gone before the line is cut, wherever the cut falls', (t) => {
  const redactor = new Redactor({ API_TOKEN: 'plain-words/of-no-shape' });
  for (let before = 100; before < 240; before += 1) {
    const pad = 'y'.repeat(before);
    for (const secret of [token, 'plain-words/of-no-shape', '--password=hunter2hunter2']) {
      const shown = processCommand(['node', 'a.js', pad, secret, 'behind'], redactor);
      t.ok(shown.length <= 200, `${shown.length}`);
      if (/ghp_|plain|hunter/.test(shown)) t.fail(`${before}: ${shown.slice(before)}`);
    }
    const shown = processCommand(['node', 'a.js', pad, '--api-key', 'hunter2hunter2'], redactor);
    if (shown.includes('hunt')) t.fail(`${before}: ${shown.slice(before)}`);
  }
  t.equal(processCommand(['node', 'server.js', '--port', '8080'], redactor), 'node server.js --port 8080');
  t.end();
});

t.test(
  'of a command line that is too long, words are left out whole',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const commandWith = async (...words: string[]) => {
      const child = spawn('sh', ['-c', 'read line', ...words], { stdio: ['pipe', 'ignore', 'ignore'] });
      try {
        await once(child, 'spawn');
        return commandOf(child.pid!);
      } finally {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
    };
    t.same(await commandWith('0', 'é'), ['sh', '-c', 'read line', '0', 'é']);
    t.same(await commandWith('y'.repeat(16_360), token), ['sh', '-c', 'read line', 'y'.repeat(16_360), '…']);
    t.same(await commandWith('y'.repeat(100_000)), ['sh', '-c', 'read line', '…']);
    t.same(commandOf(2 ** 30), []);
  },
);
