// A target with known allocations: prints "ready", then allocates the same amounts again and again until SIGTERM.
const kept = [];
let rounds = 0;

/** 1,000 arrays of 1,024 doubles: 8,192 bytes of elements each, on the V8 heap. */
export function allocateOnHeap() {
  let last;
  for (let i = 0; i < 1000; i++) last = new Array(1024).fill(0.5 + i);
  return last;
}

/** 100 × 64 KiB outside the heap. */
export function allocateOffHeap() {
  let last;
  for (let i = 0; i < 100; i++) last = Buffer.alloc(65_536);
  return last;
}

/** 50 × 128 KiB outside the heap, by constructor. */
export function allocateTyped() {
  let last;
  for (let i = 0; i < 50; i++) last = new Float64Array(16_384);
  return last;
}

/** Kept for ever: 8,192 bytes on the heap and 100,000 outside it. */
export function keep() {
  kept.push(new Array(1024).fill(0.5), new Uint8Array(100_000));
}

setInterval(() => {
  allocateOnHeap();
  allocateOffHeap();
  allocateTyped();
  keep();
  rounds += 1;
}, 10);
process.on('SIGTERM', () => {
  process.stderr.write(`rounds ${rounds}\n`);
  process.exit(0);
});
process.stderr.write(`ready\nenv ${process.env.FLOODGATE_OBSERVE ?? 'clean'}\n`);
