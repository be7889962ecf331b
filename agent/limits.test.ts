import t from 'tap';
import { FloodgateError } from './errors.ts';
import { deriveLimits, deriveWorkerLimits, limitTable, memoryBytesDefault, runtimeBytes } from './limits.ts';
import { TcpLayer } from './tcp/tcp.ts';

t.test('the terms add up, stay within the figure they come from, and each has a reason', (t) => {
  for (const memoryBytes of [32e6, 64e6, 100e6, memoryBytesDefault, 1e9, 8e9]) {
    const limits = deriveLimits({ memoryBytes });
    const compressed = deriveLimits({ memoryBytes, compressed: true, upload: true });
    t.ok(compressed.memoryBytesMax <= memoryBytes, `${compressed.memoryBytesMax} of ${memoryBytes}, compressed`);
    const sum = limits.terms.reduce((bytes, term) => bytes + term.bytes, 0);
    t.equal(limits.memoryBytesMax, sum);
    t.ok(sum <= memoryBytes, `${sum} of ${memoryBytes}`);
    t.ok(limits.terms.every(({ bytes, reason }) => bytes > 0 && reason.length > 10));
    t.equal(limits.ceilingBytes, memoryBytes + runtimeBytes);
    const [head, terms] = limitTable(limits).split('\n  = ');
    const megabytes = terms!.split(' + ').map((term) => /^(.+) ([\d.]+)$/.exec(term)!.slice(1));
    t.same(
      megabytes.map(([name]) => name),
      limits.terms.map(({ name }) => name),
      'the line that is printed has every term',
    );
    // Each is rounded: to 0.1 MB, or to 1 MB from 10 MB on.
    const rounding = limits.terms.reduce((total, { bytes }) => total + (bytes < 9.95e6 ? 0.05 : 0.5), 0);
    const printed = megabytes.reduce((total, [, value]) => total + Number(value), 0);
    t.ok(Math.abs(printed - sum / 1e6) <= rounding, `its terms add up: ${printed} MB of ${sum}`);
    t.match(head, `at most ${(sum / 1e6).toFixed(0)} MB`);
  }
  t.end();
});

t.test('limits set one by one count as they are', (t) => {
  const usual = deriveLimits({});
  const more = deriveLimits({ pages: usual.tcp.pagesMax * 10 });
  t.equal(more.tcp.pagesMax, usual.tcp.pagesMax * 10);
  t.ok(more.memoryBytesMax > usual.memoryBytesMax + usual.tcp.pagesMax * 9 * 2000);
  t.ok(more.ceilingBytes >= more.memoryBytesMax + runtimeBytes, 'the ceiling moves along');
  t.equal(deriveLimits({ pages: 10 }).tcp.pagesPerConnectionMax, 10, 'no connection may hold more than there is');
  t.equal(deriveLimits({ streams: 2048 }).http.streamsMax, 2048);
  t.end();
});

t.test('rings, digests and uploads are in the sum', (t) => {
  for (const memoryBytes of [32e6, 64e6, memoryBytesDefault, 1e9]) {
    for (const rings of [1, 2, 5, 64]) {
      const limits = deriveLimits({ memoryBytes, rings, dedup: true, upload: true, spool: true });
      const named = Object.fromEntries(limits.terms.map(({ name, bytes }) => [name, bytes]));
      t.equal(named.rings, limits.ringBytes * rings);
      t.ok(limits.ringBytes >= 1 << 20 && limits.ringBytes <= 16 << 20);
      t.equal(named.digests, limits.digestsMax * 32);
      // 64 devices need more rings than an eighth: then the sum says so, and the ceiling moves along.
      if (rings < 5) t.ok(limits.memoryBytesMax <= memoryBytes, `${limits.memoryBytesMax} of ${memoryBytes}`);
      t.ok(limits.ceilingBytes >= limits.memoryBytesMax + runtimeBytes);
    }
  }
  const usual = deriveLimits({ rings: 1 });
  t.equal(usual.ringBytes, 16 << 20);
  t.equal(deriveLimits({ rings: 2 }).ringBytes, 12_320_768, 'two share an eighth of 200 MB, in whole blocks');
  t.equal(deriveLimits({ dedup: true }).digestsMax, 65_536);
  const large = deriveLimits({ rings: 1, ringBytes: 256 << 20 });
  t.equal(large.ringBytes, 256 << 20);
  t.ok(large.memoryBytesMax > usual.memoryBytesMax + 200e6, 'a ring asked for counts as it is');
  t.equal(deriveLimits({ upload: true, spool: true }).spoolBatchesMax, 65_536);
  t.equal(deriveLimits({}).ringBytes, 0);
  const named = (expressionSets: number) =>
    deriveLimits({ expressionSets }).terms.find(({ name }) => name === 'expressions')?.bytes ?? 0;
  t.equal(named(0), 0);
  t.ok(named(1) > 7e6 && named(4) - named(1) === 3 * (768 << 10), 'the engine once, an automaton for each set');
  t.end();
});

t.test('with several threads the copy of a long record is in the sum', (t) => {
  for (const workers of [2, 4]) {
    const { each, all } = deriveWorkerLimits({ rings: 1 }, workers);
    const records = all.terms.find(({ name }) => name === 'records');
    t.equal(records?.bytes, each.witness.totalBytesMax * workers, 'a witness is no longer than all values');
    t.ok(all.memoryBytesMax <= memoryBytesDefault, `${all.memoryBytesMax}`);
  }
  t.notOk(deriveLimits({ rings: 1 }).terms.some(({ name }) => name === 'records'));
  t.end();
});

t.test('too little is refused', (t) => {
  t.throws(() => deriveLimits({ memoryBytes: 1e6 }), FloodgateError);
  t.throws(() => deriveLimits({ ceilingBytes: 1e6 }), { code: 'memory-too-small' });
  const most = { code: 'limit-invalid', message: /at most, not/ };
  t.throws(() => deriveLimits({ pages: (1 << 19) + 1 }), { ...most, message: /--pages can be 524288/ });
  t.throws(() => deriveLimits({ streams: (1 << 21) + 1 }), { ...most, message: /--streams can be 2097152/ });
  const { tcp } = deriveLimits({ memoryBytes: 64e9, streams: 1 << 21 });
  t.equal(tcp.pagesMax, 1 << 19, 'however much there is');
  const { tables, pages } = TcpLayer.bytesFor(tcp);
  t.ok(tables + pages < 2 ** 31, 'all of it has an address in the memory that kernels work on');
  t.end();
});
