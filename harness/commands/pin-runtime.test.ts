/** Which Node.js a run is under: that of the project, by the same rules as a version of a comparison. */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { nodesOn } from '../target/path-of-node.ts';
import { pinRuntime } from './pin-runtime.ts';

t.test('the Node.js that a project asks for is first on the path, and why is said', (t) => {
  const folder = t.testdir({ bin: { node: '#!/bin/sh\necho v21.7.3\n' }, shop: { '.git': {}, server: {} } });
  const node = path.join(folder, 'bin', 'node');
  chmodSync(node, 0o755);
  const before = process.env.PATH;
  const asked = (file: string, text: string) => {
    process.env.PATH = `${before}${path.delimiter}${path.dirname(node)}`;
    writeFileSync(path.join(folder, 'shop', 'server', file), text);
    const notes = pinRuntime(path.join(folder, 'shop', 'server'));
    writeFileSync(path.join(folder, 'shop', 'server', file), '');
    return { notes, isFirst: nodesOn(process.env.PATH)[0] !== nodesOn(before ?? '')[0] };
  };
  for (const [file, text] of [
    ['.nvmrc', 'v21.7.3\n'],
    ['.node-version', '21.7'],
    ['.tool-versions', 'nodejs 21.7.3\n'],
    ['package.json', '{"volta":{"node":"21.7.3"}}'],
  ] as const) {
    const { notes, isFirst } = asked(file, text);
    t.ok(isFirst, file);
    t.match(notes, [{ severity: 'info', text: /^it runs under Node\.js 21\.7(\.3)? \(.+\), as the project asks$/ }]);
    t.match(notes[0]!.text, file);
  }
  const missing = asked('.nvmrc', '21.0.9');
  t.notOk(missing.isFirst);
  t.match(missing.notes, [{ severity: 'warning', text: 'Node.js 21.0.9 (.nvmrc) is not installed' }]);
  t.match(asked('.nvmrc', 'lts/*').notes, [{ severity: 'info', text: '.nvmrc says "lts/*", which names no version' }]);
  t.same(asked('.nvmrc', '').notes, []);
  process.env.FLOODGATE_RUNTIME_CHOSEN = '1';
  t.same(asked('.nvmrc', '21.7.3'), { notes: [], isFirst: false }, 'a comparison has chosen it');
  t.notOk('FLOODGATE_RUNTIME_CHOSEN' in process.env, 'and no target sees that');
  process.env.PATH = before;
  t.end();
});
