// One conformance suite over all reporters, then what is particular to each.
import t from 'tap';
import type { Report } from './model.ts';
import { readAnyReport } from './report-reader.ts';
import { reporters } from './reporter.ts';
import { sampleGate, sampleRun, sampleUndecidedRun } from './sample-report.ts';
import { renderTerminal } from './terminal.ts';

const hostile = '\u001b[2J</script><script>alert(1)</script>]]>\r\n| # `@all` \u202e\ud800\u0000&amp;"\'';

/** A run that never got anywhere: nothing was measured. */
function emptyRun(): Report {
  return {
    ...sampleRun(),
    series: [],
    gc: { tMs: [], kind: [], pauseMs: [], usedBeforeBytes: [], usedAfterBytes: [] },
    passes: [],
    phases: [],
    spikes: [],
    budgets: [],
    figures: [],
    counters: {},
    ledger: null,
    messages: null,
    notes: [],
    partial: true,
    verdict: { ok: false, exitCode: 3, headline: 'interrupted' },
  };
}

for (const reporter of reporters) {
  t.test(`${reporter.name} says the verdict, the scenario and the broken budget`, async (t) => {
    const text = reporter.render(sampleRun({ ok: false }));
    t.match(text, 'incident');
    t.match(text, 'rss.p99');
    t.match(text, 'agent/tcp/assembler.ts');
    t.match(reporter.render(sampleGate({ ok: false })), 'reorder-loss');
  });

  t.test(`${reporter.name} renders a run of which nothing is known`, async (t) => {
    t.match(reporter.render(emptyRun()), 'incident');
    t.match(reporter.render({ ...sampleGate(), runs: [] }), /\S/);
  });

  t.test(`${reporter.name} lets nothing hostile act`, async (t) => {
    const text = reporter.render(sampleGate({ ok: false, hostile }));
    t.equal(text, reporter.render(readAnyReport(JSON.stringify(sampleGate({ ok: false, hostile })))), 'same from JSON');
    if (reporter.name !== 'terminal' && reporter.name !== 'tap') t.notMatch(text, '<script>alert(1)');
    t.notMatch(text, /[\u0000\u001b\u202e]/, 'no control character comes through');
    t.ok(text.isWellFormed());
  });

  t.test(`${reporter.name} is a function of the report alone`, async (t) => {
    t.equal(reporter.render(sampleRun()), reporter.render(sampleRun()));
  });
}

for (const reporter of reporters) {
  t.test(`${reporter.name} says what could not be decided, and why`, async (t) => {
    const run = sampleUndecidedRun({ hostile });
    const text = reporter.render(run);
    t.equal(text, reporter.render(readAnyReport(JSON.stringify(run))), 'same from JSON');
    for (const word of ['rss.p9999', 'takes 10000 readings', 'handles.max', 'only Node.js knows'])
      t.match(text, escapedIn(word));
    if (reporter.name !== 'html' && reporter.name !== 'json')
      t.notMatch(text, /0 dropped|PASS/, 'nothing counted, none passed');
  });
}

/** As Markdown writes it, too. */
const escapedIn = (word: string) => new RegExp(RegExp.escape(word).replaceAll('_', '\\\\?_'));

t.test('what is undecided is neither a failure nor a success', async (t) => {
  const render = (name: string) => reporters.find((each) => each.name === name)!.render(sampleUndecidedRun());
  t.match(render('terminal').split('\n')[0], /^ UNDECIDED +incident {2}rss\.p9999 is undecided/);
  t.match(render('terminal'), /\? handles\.max +not measured ≤ 1 +only Node\.js knows/);
  t.match(render('terminal'), /\? rss\.p9999 +undecided ≤ 1 B/);
  t.match(render('terminal'), /what the capture dropped was not counted/);
  t.match(render('markdown'), /^# ❔ incident/);
  t.match(render('junit'), /tests="7" failures="0" errors="2"/);
  t.match(render('tap'), /not ok 6 - rss\.p9999 is undecided/);
  t.match(render('tap'), /^ {4}ok 8 - the run came to its end$/m);
});

t.test('the terminal has colour only when asked for, and the verdict on its first line', async (t) => {
  const plain = renderTerminal(sampleRun({ ok: false }));
  t.match(plain.split('\n')[0], /^ FAIL +incident/);
  t.match(plain, /✗ rss\.p99 +\d+ MB ≤ 200 MB/);
  t.match(plain, /suspect: agent\/tcp\/assembler\.ts:142 Assembler\.insert/);
  t.match(plain, /[▁▂▃▄▅▆▇█]{40}/);
  t.match(renderTerminal(sampleRun(), { colour: true }), '\u001b[1;32m PASS ');
  t.match(renderTerminal(emptyRun()), /STOPPED/);
  const wide = renderTerminal(sampleRun({ ok: false }), { colour: true, columns: 70 });
  const narrow = renderTerminal(sampleRun({ ok: false }), { colour: true, columns: 70, wraps: true });
  const bare = (text: string) => text.replaceAll(/\u001b\[[0-9;]*m/g, '');
  const over = (line: string) => line.length > 70 && !line.includes('again:') && line.trim().includes(' ');
  t.same(bare(narrow).split('\n').filter(over), [], 'no line that could be broken is wider than the terminal');
  t.equal(bare(narrow).replaceAll(/\s+/g, ' '), bare(wide).replaceAll(/\s+/g, ' '), 'and nothing is lost');
});

t.test('JUnit is XML that says what failed', async (t) => {
  const render = reporters.find((each) => each.name === 'junit')!.render;
  const xml = render(sampleGate({ ok: false, hostile }));
  t.match(xml, /tests="15" failures="2"/);
  t.match(xml, /first suspect: agent\/tcp\/assembler\.ts/);
  t.notMatch(xml, /]]>(?!<\/system-out>)/, 'nothing closes a CDATA section early');
  t.match(render(emptyRun()), /errors="1"/);
});

t.test('Test Anything has a plan, and a line per budget', async (t) => {
  const render = reporters.find((each) => each.name === 'tap')!.render;
  const lines = render(sampleRun({ ok: false, hostile })).split('\n');
  t.same(lines.slice(0, 2), ['TAP version 14', '1..1']);
  t.match(lines.filter((line) => line.includes('not ok')).length, 3);
  t.notMatch(lines.filter((line) => !/^# Subtest|^ {4}/.test(line)).join('\n'), /(?<!\\)#/, 'no directive by accident');
  t.match(render(emptyRun()), /not ok 1 - the run came to its end/);
});
