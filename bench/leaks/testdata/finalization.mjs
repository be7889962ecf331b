// Finalization: what a registry is to hand over when a handle has gone holds, in the leaking form, the handle itself.
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';
let freed = 0;
const freeLater = new FinalizationRegistry((blocks) => {
  freed += blocks.length;
});

function openHandle(url) {
  const handle = { url, blocks: Array.from({ length: 60 }, (_, block) => ({ block, url })) };
  freeLater.register(handle, leaks ? handle.blocks.concat(handle) : [url]);
  return handle;
}

createServer((request, response) => {
  response.end(`${openHandle(request.url).blocks.length} blocks, ${freed} freed\n`);
}).listen(process.env.PORT, '127.0.0.1');
