import t from 'tap';
import type { MachineReading } from '../watch/machine.ts';
import { FitMachine } from './fit-machine.ts';
import { faultsAtRest, faultsDuring, isMovedByNeighbours } from './fitness.ts';

const quiet = { all: 0, idle: 0, steal: 0 };
const at = (tMs: number, ticks: MachineReading['ticks'] = quiet, throttledMs: number | null = 0): MachineReading => ({
  tMs,
  cores: 2,
  ticks,
  throttledMs,
  pressureMs: null,
});

t.test('steal, throttling and neighbours are faults; our own work is none', async (t) => {
  const busy = { all: 200, idle: 20, steal: 0 };
  t.same(faultsDuring(at(0), at(1000, busy)), [], 'our own work takes the processors');
  t.match(faultsAtRest(at(0), at(1000, busy)), [/^others take 90 %/]);
  t.same(faultsAtRest(at(0), at(1000, { all: 200, idle: 190, steal: 0 })), []);
  t.match(faultsDuring(at(0), at(1000, { all: 200, idle: 0, steal: 8 })), [/^the hypervisor took 4 %/]);
  t.match(faultsDuring(at(0), at(1000, quiet, 50)), [/held back for 5 %/]);
  t.same(faultsAtRest(at(0, null, null), at(1000, null, null)), [], 'what the kernel does not say is no fault');
});

t.test('allocation does not mind', async (t) => {
  for (const name of ['allocated.perRequest', 'heap.afterGc', 'requests.failed']) t.notOk(isMovedByNeighbours(name));
  for (const name of ['rss.p99', 'cpu.seconds', 'gc.pauseP99', 'recovery.seconds']) t.ok(isMovedByNeighbours(name));
});

t.test('the table of metrics says what neighbours move: counts and the heap they do not', async (t) => {
  for (const name of [
    'handles.max',
    'streams.max',
    'heap.peakBeforeGc',
    'requests.unsent',
    'messages.found',
    'share:lib/**',
  ])
    t.notOk(isMovedByNeighbours(name), name);
  for (const name of ['requests.late', 'arrayBuffers.max', 'tree.max', 'exchanges.shed', 'sender.lateMax'])
    t.ok(isMovedByNeighbours(name), name);
  t.ok(isMovedByNeighbours('no.such'), 'of a name that it has not, nothing is trusted');
});

t.test('it waits for a fit machine, no longer than it may, and remembers a pair without one', async (t) => {
  let nowMs = 0;
  let idle = 0;
  let isBusy = true;
  const waits: string[] = [];
  const machine = new FitMachine({
    read: () => at(nowMs, { all: nowMs, idle, steal: 0 }),
    pause: async (ms) => {
      nowMs += ms;
      if (!isBusy) idle += ms;
    },
    waitMaxMs: 10_000,
    onWaited: () => waits.push('over'),
    onWait: (faults) => {
      waits.push(faults.join());
      if (waits.length === 2) isBusy = false;
    },
  });
  await machine.settle();
  machine.endPair();
  t.match(waits, [/others take/, /others take/, 'over'], 'and says when it is over');
  await machine.settle();
  t.equal(waits.length, 3, 'nothing was waited for');
  t.equal(machine.unfitPairs, 0, 'what was waited for is no fault');
  isBusy = true;
  await machine.settle();
  t.ok(nowMs < 20_000);
  machine.endPair();
  t.equal(machine.unfitPairs, 1);
  t.match(machine.lastFault, /others take 100 %/);
  machine.endPair();
  t.equal(machine.unfitPairs, 1, 'faults are of one pair');
});
