// Bundles the agent where that was not done, or from other sources, so that `npm run gate` measures what is published. Without
// the bundler, which a development installation has alone, the gate measures the sources, and its reports say so.
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = path.join(root, 'dist', 'agent-bundle');
// Left alone where there is nothing to do: another gate may run from these files. Sources are loaded with the bundler alone, which comes
// with the pinned Node.js: the first `npm run gate` of a clone goes on under whichever began it.
if (existsSync(path.join(root, 'node_modules', 'rolldown'))) {
  const { isBundleFresh } = await import('../harness/target/agent-files.ts');
  if (!isBundleFresh(root)) {
    const { bundleAgent } = await import('./bundle-agent.mjs');
    rmSync(folder, { recursive: true, force: true });
    await bundleAgent(root, folder);
  }
}
