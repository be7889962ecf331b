/** The page of metrics, of a real agent that writes everything there is to write, read by a strict parser and by promtool. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { exchangesCapture } from '../commands/capture-fixture.ts';
import { counterHelp, gaugeHelp } from './metric-table.ts';
import { metricName, prometheusText } from './metrics.ts';

interface Family {
  help: string;
  type: string;
  samples: { labels: Record<string, string>; value: number }[];
}

/** Version 0.0.4 of the text format, and no more than the agent has of it. Throws at the first line that is not. */
function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current: [name: string, family: Family] | undefined;
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-z_:][a-z0-9_:]*) ((?:[^\\]|\\[\\n])+)$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge)$/.exec(line);
    if (help !== null) {
      if (families.has(help[1]!)) throw new Error(`a second family ${help[1]}`);
      current = [help[1]!, { help: help[2]!, type: '', samples: [] }];
      families.set(...current);
    } else if (type !== null) {
      if (current?.[0] !== type[1] || current![1].type !== '') throw new Error(`out of place: ${line}`);
      current![1].type = type[2]!;
    } else {
      const sample = /^([a-z0-9_:]+)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (sample === null) throw new Error(`no line of the format: ${line}`);
      if (current?.[0] !== sample[1] || current![1].type === '') throw new Error(`out of place: ${line}`);
      current![1].samples.push({ labels: parseLabels(sample[2] ?? ''), value: parseValue(sample[3]!) });
    }
  }
  return families;
}

function parseValue(text: string): number {
  if (!/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(text)) throw new Error(`no number: ${text}`);
  return Number(text);
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const whole = text.replace(
    /([a-z_][a-z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(,|$)/g,
    (_all, name: string, value: string) => {
      labels[name] = value.replace(/\\(.)/g, (_pair, of: string) => (of === 'n' ? '\n' : of));
      return '';
    },
  );
  if (whole !== '') throw new Error(`no labels: ${text}`);
  return labels;
}

const isOfThreads = (name: string) => name.startsWith('output.') || name === 'tcp.pagesDrawnPeak';
/** Of `--until bodies`, which makes no witnesses: held to its sentences in agent/commands/coded-bodies.test.ts. */
const isOfDiscard = (name: string) => name.startsWith('discard.');
/** Of live traffic alone: held to its sentences in agent/overload/overload.test.ts. */
const isOfOverload = (name: string) => name.startsWith('overload.');

async function pageOfAgent(): Promise<{ text: string; contentType: string | null }> {
  const outputs = ['--har', '/dev/null', '--witnesses', '/dev/null', '--print', '--dedup', '--allow-host', '.'];
  const upload = ['--upload', 'http://127.0.0.1:1/', '--upload-drain-ms', '1'];
  const program = path.join(import.meta.dirname, '..', 'main.ts');
  const child = spawn(
    process.execPath,
    [program, '--read', '-', ...outputs, ...upload, '--observe-listen', '127.0.0.1:0'],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  );
  let found = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    found += piece;
  });
  const exited = once(child, 'exit');
  child.stdin.write(exchangesCapture(20));
  while (!found.includes('metrics on') && child.exitCode === null) await sleep(20);
  const answer = await fetch(/metrics on (\S+),/.exec(found)![1]!);
  const page = { text: await answer.text(), contentType: answer.headers.get('content-type') };
  child.stdin.end();
  await exited;
  return page;
}

const page = await pageOfAgent();

t.test('every counter and gauge of an agent has its sentence, and every sentence its counter', (t) => {
  t.equal(page.contentType, 'text/plain; version=0.0.4; charset=utf-8');
  const families = parseExposition(page.text);
  const tables = [
    ['counter', counterHelp],
    ['gauge', gaugeHelp],
  ] as const;
  const known = tables.flatMap(([type, table]) => Object.entries(table).map(([name, help]) => ({ name, help, type })));
  t.ok(known.length > 150);
  for (const { name, help, type } of known) {
    t.match(help, /^[A-Z][^\n\\]*[^.]\.$/, `${name}: one sentence`);
    t.notOk(help.slice(0, -1).includes('. '), `${name}: one sentence`);
    const family = families.get(metricName(name));
    if (isOfThreads(name) || isOfDiscard(name) || isOfOverload(name)) continue;
    t.match(family, { help, type }, `${name} is on the page`);
    t.equal(family?.samples.length, 1);
  }
  const names = new Set(known.map(({ name }) => metricName(name)));
  t.equal(names.size, known.length, 'no two under one name');
  for (const [name, { type }] of families) {
    if (!name.startsWith('floodgate_interface_')) t.ok(names.has(name), `${name} has a sentence`);
    t.equal(name.endsWith('_total'), type === 'counter', `${name} ends as a ${type} does`);
    t.notMatch(name, /milli|_ms\b|_(kb|mb|us)\b/, `${name} is in base units`);
  }
  t.end();
});

t.test('interfaces with hostile names', (t) => {
  const names = ['eth0', 'a"b', 'back\\slash', 'new\nline', '\\n', 'é{}, ="'];
  const stats = names.map((name, at) => ({ name, framesReceived: at, framesDropped: at === 0 ? null : at }));
  const families = parseExposition(prometheusText({ 'process.cpuMs': 1500 }, stats));
  t.same(
    families.get('floodgate_interface_frames_received_total')?.samples,
    names.map((name, at) => ({ labels: { interface: name }, value: at })),
  );
  t.equal(families.get('floodgate_interface_frames_dropped_ratio')?.samples.length, names.length - 1);
  t.equal(families.get('floodgate_process_cpu_seconds_total')?.samples[0]?.value, 1.5);
  t.end();
});

const promtool = spawnSync('promtool', ['--version']).status === 0;
t.test('promtool', { skip: promtool ? false : 'SKIPPED: promtool (Debian: prometheus) is not installed' }, (t) => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: page.text,
    encoding: 'utf8',
  });
  t.equal(status, 0, stdout + stderr);
  t.equal(stdout + stderr, '');
  t.end();
});
