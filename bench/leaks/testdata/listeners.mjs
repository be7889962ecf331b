// Listeners: every request subscribes to the shop's events and, in the leaking form, never unsubscribes.
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';
const shopEvents = new EventEmitter().setMaxListeners(0);

function watchOrders(order) {
  const onChange = (change) => {
    order.changes.push(change);
  };
  shopEvents.on('change', onChange);
  return () => shopEvents.off('change', onChange);
}

createServer((request, response) => {
  const order = { url: request.url, changes: [], lines: Array.from({ length: 60 }, (_, i) => ({ sku: i, count: 1 })) };
  const unsubscribe = watchOrders(order);
  response.end(JSON.stringify(order.lines));
  if (!leaks) response.on('finish', unsubscribe);
}).listen(process.env.PORT, '127.0.0.1');
