// AsyncLocalStorage: what a request traces hangs on its store; the leaking form chains every store to the one before it.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';
const storage = new AsyncLocalStorage();
const rootTrace = { spans: [] };

function recordSpan(name) {
  const trace = storage.getStore();
  const span = { name, at: performance.now(), tags: Array.from({ length: 30 }, (_, i) => `${name} ${i}`) };
  trace.spans.push(span);
  return span;
}

createServer((request, response) => {
  // Leaking: one trace for the life of the process, in place of one for each request.
  const trace = leaks ? rootTrace : { spans: [] };
  storage.run(trace, async () => {
    recordSpan(request.url);
    await null;
    recordSpan('render');
    response.end('traced\n');
  });
}).listen(process.env.PORT, '127.0.0.1');
