/** Readings in step with a target: what they fill up has an end, whatever collections come. */
import { tracingChannel } from 'node:diagnostics_channel';
import v8 from 'node:v8';
import t from 'tap';
import { HeapWatch } from './heap-watch.ts';
import { StepReadings } from './step.ts';

t.test('collections in the middle of what is filled up end it', async (t) => {
  const { start, end } = tracingChannel('floodgate:reading');
  const readings = new StepReadings(new HeapWatch(() => {}));
  const statistics = v8.getHeapStatistics();
  let asked = 0;
  // A young generation of which 20 KB are left: it is emptied each time before the end of 64 KB is reached.
  t.intercept(v8, 'getHeapStatistics', {
    value: () => {
      if ((asked += 1) > 1_000) throw new Error('it fills up for ever');
      return { ...statistics, used_heap_size: 10e6 + (asked % 20) * 1024 };
    },
  });
  start.publish({});
  end.publish({});
  t.ok(asked < 100, `${asked} looks at the heap`);
  t.ok(readings.filler.length > 0);
});
