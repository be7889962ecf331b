// A cluster of two whose workers remember every visitor; the clean form forgets all but the last two hundred.
import cluster from 'node:cluster';
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';

class Visitors {
  #seen = [];

  add(url, number) {
    this.#seen.push({ url, steps: Array.from({ length: 60 }, (_, step) => ({ step, number })) });
    if (!leaks && this.#seen.length > 200) this.#seen.shift();
    return this.#seen.length;
  }
}

if (cluster.isPrimary) {
  for (let i = 0; i < 2; i += 1) cluster.fork();
} else {
  const visitors = new Visitors();
  let count = 0;
  createServer((request, response) => {
    count += 1;
    response.end(`${visitors.add(request.url, count)} visitors\n`);
  }).listen(process.env.PORT, '127.0.0.1');
}
