// Children: one by fork (200 MB), one by spawn without a word of the parent's environment (200 MB), a Python behind a shell (200 MB).
import { fork, spawn } from 'node:child_process';
import { begun, touch } from './touch.mjs';

const bytes = 200e6;
if (process.argv[2] === 'child') {
  const kept = [touch(1e5)];
  const go = () => kept.push(touch(bytes));
  if (process.send) process.on('message', go);
  else process.stdin.once('data', go);
  console.log('up');
} else {
  const forked = fork(import.meta.filename, ['child'], { silent: true });
  const spawned = spawn(process.execPath, [import.meta.filename, 'child'], { env: {} });
  const shell = spawn('sh', ['-c', `python3 touched.py ${bytes} 1>&2; true`]);
  const up = (stream) => new Promise((done) => stream.once('data', done));
  await Promise.all([up(forked.stdout), up(spawned.stdout), up(shell.stderr)]);
  console.log('ready');
  await begun();
  forked.send('go');
  spawned.stdin.write('go\n');
}
