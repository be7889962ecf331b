/** What is taken for a project's configuration, and what is refused: floodgate from its package, in a folder that is not ours. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { install, plainNode } from './installed-package.ts';

// Fifty starts: some seconds on a quiet machine.
t.setTimeout(300_000);
const folder = t.testdir();
const floodgate = path.join(install(folder), 'floodgate');

t.test('without a configuration that can be read nothing is judged, least of all our agent', (t) => {
  const elsewhere = path.join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(path.join(elsewhere, 'package.json'), '{ "name": "shop" }\n');
  const run = (...words: string[]) => {
    const { status, stderr } = spawnSync(...plainNode(floodgate, ...words), { cwd: elsewhere, encoding: 'utf8' });
    return { status, err: stderr };
  };
  for (const words of [['gate'], ['gate', 'smoke']]) {
    const { status, err } = run(...words);
    t.equal(status, 2, words.join(' '));
    t.match(err, /there is no configuration here[\s\S]*"floodgate init" writes one[\s\S]*"floodgate gate --own-agent"/);
  }
  t.match(run('gate', '--own-agent', '--only', 'cart').err, /--only is for the scenarios of a configuration/);
  t.match(run('gate', 'nope', '--own-agent').err, /there is no set "nope"/);
  const file = (name: string) => path.join(elsewhere, name);
  for (const name of ['toml', 'JSON', 'exe']
    .map((ending) => `floodgate.config.${ending}`)
    .concat(['floodgate.config', 'Floodgate.config.ts', '.floodgate-config.mjs'])) {
    writeFileSync(file(name), 'export default {};\n');
    for (const words of [['gate'], ['compare', '--base', 'HEAD'], ['init', '--yes']]) {
      const { status, err } = run(...words);
      t.equal(status, 2, `${name}: ${words[0]}`);
      t.match(err, `${file(name)} is not read`);
      t.match(err, /floodgate\.config\.ts, .*\.cjs, \.yaml, \.yml or \.json/);
    }
    rmSync(file(name));
  }
  writeFileSync(file('floodgate.config.ts.bak'), '');
  t.match(run('gate').err, /there is no configuration here/, 'what was put aside is none');
  const typo = '{ targets: { service: { comand: "node server.js" } } }';
  for (const [name, text] of [
    ['cjs', `module.exports = ${typo};`],
    ['cts', `import type { ProjectConfig } from 'floodgate';\nexport default ${typo} as ProjectConfig;`],
    ['mts', `export default ${typo};`],
    ['json', '{\n\t"targets": {\n\t\t"service": { "comand": "node server.js" }\n\t}\n}'],
    ['yml', 'targets:\n  service: { comand: node server.js }\n'],
  ] as const) {
    writeFileSync(file(`floodgate.config.${name}`), text);
    const line = { json: 3, yml: 2 }[name as string];
    t.match(
      run('gate').err,
      `${line ? `floodgate.config.${name}:${line}: ` : ''}targets.service.comand: there is no such name`,
      name,
    );
    rmSync(file(`floodgate.config.${name}`));
  }
  for (const [text, said] of [
    ['export default {};\n\nundefined.port;\n', /config\.mjs:3: Cannot read properties of undefined/],
    ['export default {\n  a: 1,,\n};\n', /config\.mjs:2: Unexpected token/],
    ['import { nope } from "node:fs";\nexport default {};\n', /config\.mjs:1: .*export named 'nope'/],
    ['throw "boo";\n', /config\.mjs cannot be read: it throws "boo"/],
  ] as const) {
    writeFileSync(file('floodgate.config.mjs'), text);
    t.match(run('gate').err, said);
  }
  rmSync(file('floodgate.config.mjs'));
  for (const [text, said] of [
    ['', /config\.yaml cannot be read: it says nothing/],
    ['# to be written\n~\n', /config\.yaml cannot be read: it says nothing/],
    [
      'scenarios:\n  - { name: a, duration: 5 }\n',
      /config\.yaml:2: scenarios\.0\.duration: a time such as "10s" or "2m" is expected, not 5/,
    ],
  ] as const) {
    writeFileSync(file('floodgate.config.yaml'), text);
    t.match(run('gate').err, said);
  }
  t.match(run('gate', '--config', 'x.toml').err, /x\.toml does not exist/);
  writeFileSync(file('x.toml'), '');
  t.match(
    run('gate', '--config', 'x.toml').err,
    /x\.toml cannot be read: a file \.toml[\s\S]*Read are floodgate\.config\.ts/,
  );
  t.end();
});
