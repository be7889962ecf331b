import t from 'tap';
import { ProfileBuilder } from '../profile/profile.ts';
import { goKeeper } from './go-keeper.ts';

const lines: Record<number, string> = {
  31: '\tbook.visits[address] = newVisit(address)',
  25: '\treturn &visit{address: address}',
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
        builder.site(name, /^(runtime|internal)/.test(name) ? 'go:map.go' : 'main.go', Number(line)),
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

t.test('nobody keeps what is merely alive', async (t) => {
  t.equal(goKeeper(profileOf([['main.newVisit:25', 5e6]]), textOf), undefined);
  t.equal(goKeeper(profileOf([['main.handle:50 runtime.mallocgc:1', 5e6]]), textOf), undefined);
});
