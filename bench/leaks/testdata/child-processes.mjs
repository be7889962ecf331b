// Child processes: one in a hundred requests starts a converter; the leaking form keeps each one's record with its output.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';
const conversions = new Set();
let requests = 0;

function startConversion() {
  const child = spawn('/bin/sh', ['-c', 'head -c 200000 /dev/zero'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const conversion = { child, output: [] };
  conversions.add(conversion);
  child.stdout.on('data', (chunk) => conversion.output.push(chunk));
  child.on('close', () => {
    if (!leaks) conversions.delete(conversion);
  });
}

createServer((_request, response) => {
  requests += 1;
  if (requests % 100 === 0) startConversion();
  response.end(`${conversions.size} conversions\n`);
}).listen(process.env.PORT, '127.0.0.1');
