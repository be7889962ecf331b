/** Monotonic; `performance` takes 5 ms to load. */
export const nowMs = () => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
};
