// Histories: a hundred customers, each with a list that, in the leaking form, is never cut: nothing new in the map, much below it.
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';

class CustomerStore {
  #histories = new Map();

  remember(customer, visit) {
    let history = this.#histories.get(customer);
    if (!history) this.#histories.set(customer, (history = []));
    history.push(visit);
    if (!leaks && history.length > 20) history.shift();
    return history.length;
  }
}

const customers = new CustomerStore();
let count = 0;

createServer((request, response) => {
  count += 1;
  const visit = { at: Date.now(), url: request.url, clicks: Array.from({ length: 40 }, (_, i) => ({ x: i, y: count })) };
  response.end(`${customers.remember(count % 100, visit)} visits\n`);
}).listen(process.env.PORT, '127.0.0.1');
