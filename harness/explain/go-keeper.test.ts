import t from 'tap';
import { ProfileBuilder } from '../profile/profile.ts';
import { goKeeper, waitingGoroutines } from './go-keeper.ts';

const lines: Record<number, string> = {
  31: '\tbook.visits[address] = newVisit(address)',
  25: '\treturn &visit{address: address}',
  27: '\tel := cache.order.PushFront(entry)',
  28: '\tcache.index.Store(key, el)',
  33: '\tcounts[address]++',
  40: '\tlog.entries = append(log.entries, entry)',
};
const textOf = (_file: string, line: number) => lines[line];

/** Bytes by stack, the outermost first: `function:line`. */
function profileOf(stacks: [string, number][]) {
  const builder = new ProfileBuilder({ sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] });
  for (const [stack, bytes] of stacks) {
    let node = 0;
    for (const frame of stack.split(' ')) {
      const [name = '', line = '0'] = frame.split(':');
      node = builder.child(
        node,
        builder.site(name, /^(runtime|internal|container|sync)/.test(name) ? 'go:map.go' : 'main.go', Number(line)),
      );
    }
    builder.add(node, 0, bytes);
  }
  return builder.finish();
}

t.test('the line that puts into a map keeps, and not the innocent one that made the value', async (t) => {
  const profile = profileOf([
    ['main.handle:50 main.remember:31 main.newVisit:25', 60e6],
    ['main.handle:50 main.remember:31', 2e6],
  ]);
  t.match(goKeeper(profile, textOf), { name: 'book.visits in main.remember', kind: 'map', file: 'main.go', line: 31 });
});

t.test('a slice that is appended to, also where the profile has the runtime’s own functions', async (t) => {
  const profile = profileOf([['main.record:40 runtime.growslice:1', 5e6]]);
  t.match(goKeeper(profile, textOf), { name: 'log.entries in main.record', kind: 'slice' });
  t.match(
    goKeeper(profile, () => undefined),
    { name: 'what main.record adds to' },
  );
});

t.test('containers of the library keep what is put into them', async (t) => {
  const profile = profileOf([
    ['main.handle:50 main.put:27 container/list.(*List).PushFront:1', 3e6],
    ['main.handle:50 main.put:28 sync.(*Map).Store:1 internal/sync.(*HashTrieMap[go.shape.interface_{}]).Swap:1', 2e6],
    ['main.handle:50 main.render:45', 60e6],
  ]);
  t.match(goKeeper(profile, textOf), { name: 'cache.order in main.put', kind: 'container', line: 27 });
  const map = profileOf([['main.put:28 internal/sync.(*HashTrieMap[go.shape.interface_{}]).Swap:1', 2e6]]);
  t.match(goKeeper(map, textOf), { name: 'cache.index in main.put', line: 28 });
  t.match(goKeeper(profileOf([['main.count:33', 5e6]]), textOf), { name: 'counts in main.count', kind: 'map' });
});

t.test('goroutines that wait for what never comes keep their stacks', async (t) => {
  const waiting = (count: number) => {
    const sampleTypes = [
      { type: 'inuse_space', unit: 'bytes' },
      { type: 'inuse_objects', unit: 'count' },
    ];
    const builder = new ProfileBuilder({ sampleTypes });
    const above = builder.child(0, builder.site('main.notify', 'main.go', 19));
    const node = builder.child(above, builder.site('runtime.gopark', 'go:runtime/proc.go', 402));
    builder.add(node, 0, count * 2048);
    builder.add(node, 1, count);
    return builder.finish();
  };
  const heap = profileOf([['runtime.malg:1', 4e6]]);
  t.match(waitingGoroutines(heap, waiting(8_000)), {
    name: 'goroutines that wait in main.notify',
    file: 'main.go',
    line: 19,
    countAdded: 8_000,
    bytesAdded: 16_384_000,
  });
  t.equal(waitingGoroutines(heap, waiting(40)), undefined, 'those of a load’s connections');
  t.equal(waitingGoroutines(profileOf([['main.keep:31', 500e6]]), waiting(1_000)), undefined, 'little of what stays');
});

t.test('nobody keeps what is merely alive', async (t) => {
  t.equal(goKeeper(profileOf([['main.newVisit:25', 5e6]]), textOf), undefined);
  t.equal(goKeeper(profileOf([['main.handle:50 runtime.mallocgc:1', 5e6]]), textOf), undefined);
});
