// Installs what package-lock.json names when it is not there yet; silent when there is nothing to do. `--production` leaves out
// what only tests and builds need. No install script of a package runs (.npmrc): see ARCHITECTURE.md.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const installed = path.join(root, 'node_modules', '.package-lock.json');
const lock = path.join(root, 'package-lock.json');
const hasAll = existsSync(path.join(root, 'node_modules', 'tap'));
/** Whoever has what tests need keeps it. */
const isProduction = process.argv.includes('--production') && !hasAll;
const kind = isProduction ? ['--omit=dev'] : [];
/** After an installation without them: a test would find that what it needs is missing. */
const isPartial = !isProduction && !hasAll;

if (!existsSync(installed) || isPartial || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  process.stderr.write('floodgate: installing dependencies (once) …\n');
  const npm = spawnSync('npm', ['ci', ...kind, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (npm.error || npm.status !== 0) {
    process.stderr.write(
      `floodgate: "npm ci" failed${npm.error ? ` (${npm.error.message})` : ''}; see the lines above\n`,
    );
    process.exit(2);
  }
}
