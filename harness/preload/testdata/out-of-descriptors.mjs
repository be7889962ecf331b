// Opens files until no descriptor is left, and goes on.
import { openSync } from 'node:fs';

const timer = setInterval(() => {}, 20);
process.on('SIGTERM', () => clearInterval(timer));
const opened = [];
try {
  while (true) opened.push(openSync('/dev/null', 'r'));
} catch (error) {
  process.stdout.write(`ready, ${opened.length} until ${error.code}\n`);
}
