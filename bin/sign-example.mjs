// docs/signoff-example.tar.gz and .pub made anew: a shop of four files in two versions, signed off by this checkout as a user types it, with a
// key that is thrown away. After a change of what a sign-off says or records.
//
//   npm run example [-- FOLDER]     where the shop lies meanwhile: its path stands in the example. FOLDER must not be there
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const docs = path.join(root, 'docs');
const [given] = process.argv.slice(2);
if (given !== undefined && existsSync(given)) throw new Error(`${given} is there already`);
const outside = mkdtempSync(path.join(tmpdir(), 'floodgate-example-'));
const folder = path.resolve(given ?? path.join(outside, 'shop'));

/** @param {string} items how a cart is made */
const server = (items) => `import { createServer } from 'node:http';

const articles = Array.from({ length: 60 }, (_, id) => ({ id, name: \`article \${id}\`, cents: 100 + id }));

createServer((request, response) => {
  ${items}
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ items, cents: items.reduce((sum, { cents }) => sum + cents, 0) }));
}).listen(process.env.PORT, '127.0.0.1');
`;
const files = {
  'package.json': `${JSON.stringify({ name: 'shop', version: '1.3.2', private: true, type: 'module' }, null, 2)}\n`,
  'load.mjs': `const [port, requests] = process.argv.slice(2);
for (let i = 0; i < Number(requests); i += 1) await (await fetch(\`http://127.0.0.1:\${port}/cart/\${i}\`)).text();
`,
  'floodgate.config.yaml': `targets: { shop: { command: node server.mjs } }
scenarios:
  - { name: cart, sets: [release], target: shop, load: 'node load.mjs {port} 420', idle: 100ms, recover: 100ms }
budgets: { rss.max: 150 MB, requests.failed: 0, allocated.perRequest: 40 kB }
thresholds: { allocated.perRequest: 2 % }
`,
};
const older = 'const items = articles.map(({ id, name, cents }) => ({ id, name, cents, visitor: request.url }));';
const newer = `// A visitor is the same for all articles of a cart.
  const visitor = request.url;
  const items = articles.map(({ id, name, cents }) => ({ id, name, cents, visitor }));`;

/** @param {string} file @param {string[]} words */
const run = (file, ...words) => execFileSync(file, words, { cwd: folder, stdio: 'inherit' });
/** @param {string} tag @param {string} items */
function release(tag, items) {
  writeFileSync(path.join(folder, 'server.mjs'), server(items));
  run('git', 'add', '-A');
  run('git', '-c', 'user.name=shop', '-c', 'user.email=shop@example.com', 'commit', '-qm', tag);
  run('git', 'tag', tag);
}

try {
  mkdirSync(folder, { recursive: true });
  run('git', 'init', '-q');
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  release('v1.3.2', older);
  release('v1.4.0', newer);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = path.join(outside, 'release.key');
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const versions = ['--release', 'v1.4.0', '--candidate', 'v1.4.0', '--previous', 'v1.3.2'];
  run(path.join(root, 'bin/floodgate'), 'signoff', ...versions, '--key', key, '--no-pdf', '--archive');
  copyFileSync(path.join(folder, 'runs/signoff-v1.4.0.tar.gz'), path.join(docs, 'signoff-example.tar.gz'));
  const published = /** @type {string} */ (publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(path.join(docs, 'signoff-example.pub'), published);
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(outside, { recursive: true, force: true });
}
