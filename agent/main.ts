/**
 * `floodgate-agent`. Only turns the compile cache on before anything else is loaded: types are then stripped once, and
 * not at every start, which costs 20 MB of resident memory that never comes back.
 */
import { enableCompileCache } from 'node:module';
import path from 'node:path';

enableCompileCache(path.join(import.meta.dirname, '..', 'node_modules', '.cache', 'floodgate'));
const { runCommandLine } = await import('./commands/command-line.ts');
await runCommandLine(process.argv);
