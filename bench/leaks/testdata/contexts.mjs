// Detached contexts: user scripts run in contexts of their own, one in twenty requests; the leaking form keeps them for the next time.
import { createServer } from 'node:http';
import vm from 'node:vm';

const leaks = process.argv[2] === 'leak';
const sandboxes = [];
let requests = 0;

function runUserScript(text) {
  const sandbox = vm.createContext({ result: 0, input: text.length });
  vm.runInContext('result = input * 2', sandbox);
  if (leaks) sandboxes.push(sandbox);
  return sandbox.result;
}

createServer((request, response) => {
  requests += 1;
  const result = requests % 20 === 0 ? runUserScript(request.url) : 0;
  response.end(`${result}\n`);
}).listen(process.env.PORT, '127.0.0.1');
