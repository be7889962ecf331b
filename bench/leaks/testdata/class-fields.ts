// Compiled TypeScript: private fields become weak maps for an older engine, and lines are others. The clean form keeps the last hundred.
import { createServer, type IncomingMessage } from 'node:http';

interface Visit {
  readonly url: string;
  readonly pages: readonly { readonly page: number; readonly seenMs: number }[];
}

class VisitLog {
  readonly #limit: number;
  #visits: Visit[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(request: IncomingMessage): number {
    const pages = Array.from({ length: 60 }, (_, page) => ({ page, seenMs: page * 10 }));
    this.#visits.push({ url: request.url ?? '', pages });
    if (this.#visits.length > this.#limit) this.#visits.shift();
    return this.#visits.length;
  }
}

const log = new VisitLog(process.argv[2] === 'leak' ? Number.POSITIVE_INFINITY : 100);

createServer((request, response) => {
  response.end(`${log.add(request)} visits\n`);
}).listen(Number(process.env.PORT), '127.0.0.1');
