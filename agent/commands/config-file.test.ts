import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import t from 'tap';
import { addCaptureOptions, type CaptureFlags } from './capture-options.ts';
import { applyConfigFile } from './config-file.ts';
import { unknownVariables } from './environment.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-config-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** The flags that a configuration, an environment and a command line make together. */
function flagsOf(yaml: string, env: Record<string, string> = {}, args: string[] = []): CaptureFlags {
  const file = path.join(folder, 'agent.yaml');
  writeFileSync(file, yaml);
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    const command = addCaptureOptions(new Command().exitOverride());
    command.parse(['node', 'agent', ...args]);
    applyConfigFile(command, file);
    return command.opts();
  } finally {
    process.env = before;
  }
}

t.test('options that are denied, as the help spells them and as YAML would', (t) => {
  t.match(flagsOf(''), { promiscuous: true, excludeOwn: true });
  t.match(flagsOf('no-promiscuous: true\nno-exclude-own: true'), { promiscuous: false, excludeOwn: false });
  t.match(flagsOf('promiscuous: false\nexclude-own: false'), { promiscuous: false, excludeOwn: false });
  t.match(flagsOf('no-promiscuous: false'), { promiscuous: true });
  t.match(flagsOf('promiscuous: true', {}, ['--no-promiscuous']), { promiscuous: false });
  t.end();
});

t.test('variables of options without a value', (t) => {
  const print = 'FLOODGATE_AGENT_PRINT';
  t.equal(flagsOf('', { [print]: 'true' }).print, true);
  t.equal(flagsOf('', { [print]: '1' }).print, true);
  t.notOk(flagsOf('', { [print]: 'false' }).print);
  t.notOk(flagsOf('print: true', { [print]: '0' }).print, 'wins over the configuration');
  t.equal(flagsOf('', { [print]: 'false' }, ['--print']).print, true, 'the command line over it');
  t.equal(flagsOf('print: true', { [print]: '' }).print, true, 'an empty one says nothing');
  t.equal(flagsOf('memory: 100MB', { FLOODGATE_AGENT_MEMORY: '' }).memory, 100e6);
  t.equal(flagsOf('', { FLOODGATE_AGENT_NO_PROMISCUOUS: 'false' }).promiscuous, true);
  t.equal(flagsOf('', { FLOODGATE_AGENT_NO_PROMISCUOUS: 'yes' }).promiscuous, false);
  t.throws(() => flagsOf('', { [print]: 'maybe' }), { code: 'environment-invalid', message: /PRINT is true or false/ });
  t.end();
});

t.test('what is no configuration', (t) => {
  for (const [yaml, message] of [
    ['- a\n', /names and values/],
    ['5', /names and values/],
    ['messages: -\n', /line 1: no YAML/],
    ['memory: lots', /line 1: memory: a size/],
    ['\n\nprint: maybe', /line 3: print is true or false/],
    ['read: a\nread: b', /line 2: no YAML \(DUPLICATE_KEY\)/],
    ['# ours\nmemori: 100MB', /line 2: there is no option memori: is memory meant\?/],
    ['read: a\n--print: true', /line 2: there is no option --print: is print meant\?/],
    ['xyzzy: 1', /line 1: there is no option xyzzy$/],
    ['__proto__: 5', /no option __proto__/],
    ['constructor: 5', /no option constructor/],
    ['version: true', /no option version/],
    ['config: other.yaml', /no option config/],
    ['"\\e[31mred": 1', /line 1: a name is expected$/],
    ['{ a: 1 }: 5', /line 1: no YAML \(NON_STRING_KEY\)/],
    ['memory:\nread: x', /line 1: memory: a value/],
    ['read: &a [*a]', /read: a value/],
    ['read: *nothing', /read: a value/],
    ['sample: .nan', /sample: a value/],
    ['interface: [[eth0]]', /interface: a value/],
    ['interface: [eth0, null]', /interface: a value/],
  ] as const) {
    t.throws(() => flagsOf(yaml), { code: 'config-invalid', message });
  }
  t.throws(() => flagsOf('messages: -\n'), Object.assign(new Error(), { hint: /a lone - is quoted: messages: "-"/ }));
  t.end();
});

t.test('one value under an anchor stands for another', (t) => {
  t.match(flagsOf('interface: [&first eth0, eth1]\nread: *first'), { interface: ['eth0', 'eth1'], read: 'eth0' });
  t.end();
});

t.test('hostile YAML is refused in no time', (t) => {
  const bomb = Array.from({ length: 26 }, (_, at) => {
    const before = at === 0 ? 'lol' : `*${String.fromCharCode(96 + at)}`;
    return `${String.fromCharCode(97 + at)}: &${String.fromCharCode(97 + at)} [${Array(9).fill(before).join(', ')}]`;
  });
  const depth = 400;
  for (const yaml of [
    bomb.join('\n'),
    `memory: ${'['.repeat(30_000)}`,
    `memory: ${'{a: '.repeat(10_000)}`,
    // Keys inside keys: the library takes minutes to make values of these.
    `${'[? '.repeat(depth)}a${']'.repeat(depth)}`,
    `${'{? '.repeat(depth)}a${'}'.repeat(depth)}`,
    `${'? - '.repeat(depth)}a`,
    `memory: ${'[? '.repeat(depth)}a${']'.repeat(depth)}`,
    '?\n'.repeat(30_000),
    Array.from({ length: 6_000 }, (_, at) => `k${at}: 1`).join('\n'),
    '\0'.repeat(60_000),
  ]) {
    // Of this process: others may keep it waiting.
    const before = process.cpuUsage();
    t.throws(() => flagsOf(yaml), { code: 'config-invalid' }, yaml.slice(0, 20));
    const { user } = process.cpuUsage(before);
    const ms = user / 1000;
    t.ok(ms < 5_000, `${Math.round(ms)} ms`);
  }
  t.throws(() => flagsOf(`read: ${'x'.repeat(70_000)}`), { code: 'config-unreadable', message: /larger than 64 KiB/ });
  t.end();
});

const canMakePipes = spawnSync('mkfifo', [path.join(folder, 'pipe')]).status === 0;
t.test('a pipe without a writer', { skip: canMakePipes ? false : 'SKIPPED: mkfifo is not there' }, (t) => {
  const command = addCaptureOptions(new Command());
  t.throws(() => applyConfigFile(command, path.join(folder, 'pipe')), { code: 'config-unreadable' });
  t.end();
});

t.test('variables that are no options', (t) => {
  const known = new Set(['FLOODGATE_AGENT_PRINT', 'FLOODGATE_AGENT_MEMORY', 'FLOODGATE_AGENT_COLLECT_STORE']);
  const logged = (...names: string[]) =>
    unknownVariables(Object.fromEntries(names.map((name) => [name, 'x'])), () => known);
  t.same(logged('FLOODGATE_AGENT_PRINT', 'FLOODGATE_HOME', 'PATH'), []);
  t.same(logged('FLOODGATE_AGENT_PIRNT'), [
    'FLOODGATE_AGENT_PIRNT in the environment is no option and says nothing: is FLOODGATE_AGENT_PRINT meant?',
  ]);
  t.match(logged('floodgate_agent_memory'), [/^floodgate_agent_memory in .*: is FLOODGATE_AGENT_MEMORY meant\?$/]);
  t.match(logged('FLOODGATE_AGENT_STORE'), [/says nothing$/], 'far from all');
  t.match(logged('FLOODGATE_AGENT_\x1b[31m'), [/^a variable of a strange name/]);
  t.equal(logged(...Array.from({ length: 50 }, (_, at) => `FLOODGATE_AGENT_X${at}`)).length, 6);
  t.end();
});
