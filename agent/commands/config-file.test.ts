import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import t from 'tap';
import { addCaptureOptions, type CaptureFlags } from './capture-options.ts';
import { applyConfigFile } from './config-file.ts';

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
    ['messages: -\n', /no YAML/],
    ['memory: lots', /memory: a size/],
    ['print: maybe', /print is true or false/],
    ['read: a\nread: b', /no YAML/],
  ] as const) {
    t.throws(() => flagsOf(yaml), { code: 'config-invalid', message });
  }
  t.throws(() => flagsOf('messages: -\n'), Object.assign(new Error(), { hint: /a lone - is quoted: messages: "-"/ }));
  t.end();
});
