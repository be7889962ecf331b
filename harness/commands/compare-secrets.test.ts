/** Secrets of build commands, through the real program: wherever a comparison shows a command, or what it printed, they are taken out. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { readComparison } from '../../reports/comparison-reader.ts';
import { gitIn } from '../compare/git-fixture.ts';
import { outcomeOf, startIn } from './cli-trial.ts';

const secrets = ['npm_BuildTok1BuildTok2BuildTok3BuildTok4', 'hunter2x9k77', 'BuildOptTok99', 'ProxyPw9911'];
const says = 'node -e "console.log(process.env.NPM_TOKEN, process.env.DB_PASSWORD, process.argv)';
const build = (code: number) =>
  `NPM_TOKEN=${secrets[0]} DB_PASSWORD=hunter2x9'k'77 ${says}; process.exit(${code})" -- --auth-token ${secrets[2]} --proxy-user me:${secrets[3]}`;

async function compared(t: Test, code: number) {
  const folder = t.testdir();
  const temporary = path.join(folder, 'tmp');
  mkdirSync(temporary);
  const command = `DB_PASSWORD=${secrets[1]} node nothere.js`;
  const scenarios = [{ name: 'postgres', load: 'true', thresholds: { 'rss.max': '5 %' } }];
  const config = { targets: { shop: { command } }, build: [build(code)], store: false, scenarios };
  writeFileSync(path.join(folder, 'floodgate.config.json'), JSON.stringify(config));
  writeFileSync(path.join(folder, '.gitignore'), 'tmp\nout\n.floodgate\n');
  const git = gitIn(folder);
  git('init', '-qb', 'main');
  git('add', '.');
  git('commit', '-qm', 'first');
  const {
    out,
    err,
    code: ended,
  } = await outcomeOf(startIn(folder, ['compare', '--base', 'main', '--head', '.', '--out', 'out'], temporary));
  const names = readdirSync(path.join(folder, 'out'), { recursive: true, withFileTypes: true, encoding: 'utf8' });
  const files = names.filter((each) => each.isFile()).map((each) => path.join(each.parentPath, each.name));
  t.ok(files.length >= 5, 'reports of a comparison that could not run');
  for (const [name, text] of [['terminal', out + err], ...files.map((file) => [file, readFileSync(file, 'utf8')])])
    for (const secret of secrets) t.notOk(text!.includes(secret), `${secret}: ${name}`);
  t.doesNotThrow(() => readComparison(readFileSync(path.join(folder, 'out', 'comparison.json'), 'utf8')));
  return { terminal: out + err, ended, folders: readdirSync(path.join(folder, 'out')) };
}

t.test('a build that fails', async (t) => {
  process.env.GITHUB_ACTIONS = 'true';
  const { terminal, ended } = await compared(t, 3);
  delete process.env.GITHUB_ACTIONS;
  t.equal(ended, 2, terminal);
  t.match(terminal, /main: NPM_TOKEN=\*REDACTED\*/, 'the command is shown');
  t.match(terminal, /cannot be built: .* ended with 3/);
  t.match(terminal, /'--auth-token',\n *'\*REDACTED\*'/, 'and what it printed');
});

t.test('a build that works, of a version that does not start; a scenario is called as a password is', async (t) => {
  process.env.PG_PASSWORD = 'postgres';
  const { terminal, ended, folders } = await compared(t, 0);
  delete process.env.PG_PASSWORD;
  t.equal(ended, 2, terminal);
  t.match(terminal, /main: NPM_TOKEN=\*REDACTED\*/);
  t.ok(folders.includes('postgres'), 'its folder has its name');
});
