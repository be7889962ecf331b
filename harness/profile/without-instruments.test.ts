import t from 'tap';
import { ProfileBuilder, sumOf } from './profile.ts';
import { withoutInstruments } from './without-instruments.ts';

t.test('whoever only asks how much memory there is, is no suspect', async (t) => {
  for (const file of ['agent/governor/process-memory.ts', 'dist/agent/governor/process-memory.js']) {
    const builder = new ProfileBuilder({ sampleTypes: [{ type: 'alloc_space', unit: 'bytes' }] });
    const caller = builder.child(0, builder.site('counters', 'agent/commands/capture.ts', 38));
    const gauge = builder.child(caller, builder.site('residentBytesPeak', file, 19));
    builder.add(builder.child(gauge, builder.site('readFileSync', 'node:fs', 1)), 0, 8_000);
    builder.add(caller, 0, 500);
    const kept = withoutInstruments(builder.finish());
    t.equal(sumOf(kept, 0), 500, 'what it read with is left out, and charged to no caller');
    t.notOk(kept.sites.functionName.includes('residentBytesPeak'));
  }
  const builder = new ProfileBuilder({ sampleTypes: [{ type: 'alloc_space', unit: 'bytes' }] });
  builder.add(builder.child(0, builder.site('keep', 'lib/process-memory.ts', 1)), 0, 7);
  t.equal(sumOf(withoutInstruments(builder.finish()), 0), 7, 'a file of that name elsewhere is the target’s own');
});

t.test('what a server calls through a wrapper is its own, and what the wrapper’s module makes is ours', async (t) => {
  const builder = new ProfileBuilder({ sampleTypes: [{ type: 'alloc_space', unit: 'bytes' }] });
  const parser = builder.child(0, builder.site('parserOnIncoming', 'node:_http_server', 1));
  const wrapper = builder.child(parser, builder.site('value', 'dist/harness/preload/server-refusals.js', 33));
  const handler = builder.child(wrapper, builder.site('keepRecords', 'server.mjs', 4));
  builder.add(handler, 0, 500);
  const watch = builder.child(parser, builder.site('watch', 'dist/harness/preload/server-refusals.js', 26));
  builder.add(builder.child(watch, builder.site('set', 'node:internal', 1)), 0, 70);
  const kept = withoutInstruments(builder.finish());
  t.equal(sumOf(kept, 0), 500);
  t.same(kept.sites.functionName.toSorted(), ['keepRecords', 'parserOnIncoming']);
});
