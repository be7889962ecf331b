// Takes readings in step as the agent does with --lockstep, around amounts that are known.
import { tracingChannel } from 'node:diagnostics_channel';

const readings = tracingChannel('floodgate:reading');
let kept = [];

/** Garbage of its own, which is no traffic: half a megabyte. */
const take = () => readings.traceSync(() => (kept = Array.from({ length: 8_000 }, (_, i) => ({ i, kept: {} }))));

function allocate(count) {
  let last;
  for (let i = 0; i < count; i += 1) last = { a: i, b: i };
  return last;
}

allocate(1_000_000);
take();
for (let i = 0; i < 20; i += 1) {
  kept = [allocate(100_000)];
  take();
}
allocate(1_000_000);
setInterval(() => {}, 1_000);
process.on('SIGTERM', () => process.exit(0));
process.stdout.write(`ready ${kept.length}\n`);
