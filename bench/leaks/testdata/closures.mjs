// Closures: undo steps close over the whole document; the clean form keeps the last hundred.
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';
const undoSteps = [];

function editDocument(revision) {
  const paragraphs = Array.from({ length: 40 }, (_, i) => `paragraph ${i} of revision ${revision}`);
  undoSteps.push(() => paragraphs.join('\n'));
  if (!leaks && undoSteps.length > 100) undoSteps.shift();
  return paragraphs.length;
}

let revision = 0;
createServer((_request, response) => {
  revision += 1;
  response.end(`${editDocument(revision)} paragraphs\n`);
}).listen(process.env.PORT, '127.0.0.1');
