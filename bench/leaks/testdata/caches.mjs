// Caches: pages by URL with its query string, which is never the same twice; the clean form evicts the oldest.
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';

class PageCache {
  #pages = new Map();

  remember(url, page) {
    this.#pages.set(url, page);
    if (!leaks && this.#pages.size > 200) this.#pages.delete(this.#pages.keys().next().value);
  }
}

const cache = new PageCache();
let served = 0;

function renderPage(url) {
  const rows = Array.from({ length: 50 }, (_, i) => ({ row: i, label: `row ${i} of ${served}` }));
  return { url, rows, renderedAt: Date.now() };
}

createServer((request, response) => {
  served += 1;
  const url = `${request.url}?session=${served}`;
  const page = renderPage(url);
  cache.remember(url, page);
  response.end(JSON.stringify(page.rows.slice(0, 5)));
}).listen(process.env.PORT, '127.0.0.1');
