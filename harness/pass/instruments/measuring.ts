/** No instrument that disturbs: the only pass that budgets are judged on. */
import type { Instrument } from './instrument.ts';

export const measuring: Instrument = {
  kind: 'measure',
  activity: 'measuring',
  disturbs: false,
  needsNode: false,
  runsPublished: true,
  holdsTraffic: false,
  use: undefined,
  start: () => ({}),
  describe: (usual) => usual,
  ceilingBytes: () => undefined,
  aim: () => ({ frameMarks: [] }),
  bring: () => ({}),
};
