/** The files that our agent can be started from: bundled as they are published, or module by module. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface AgentFile {
  readonly file: string;
  /** How it was started, as the top of a report says it. */
  readonly words: string;
}

export interface AgentFiles {
  /** Profiles name these, and a defect takes the place of one of them. */
  readonly modules: AgentFile;
  /** What `floodgate-agent` of an installed package runs. Where it was not built, or from other sources, the modules. */
  readonly published: AgentFile;
}

/** Of the agent that comes with this harness. */
export function ownAgentFiles(): AgentFiles {
  const file = fileURLToPath(new URL(`../../agent/main${path.extname(import.meta.url)}`, import.meta.url));
  return filesBeside(file);
}

/** Of a checkout, which has sources, or of an installed package. @returns undefined where there is no agent */
export function agentFilesIn(folder: string): AgentFiles | undefined {
  const isPackage = folder.split(path.sep).includes('node_modules');
  const source = path.join(folder, 'agent', 'main.ts');
  const file = existsSync(source) && !isPackage ? source : path.join(folder, 'dist', 'agent', 'main.js');
  return existsSync(file) ? filesBeside(file) : undefined;
}

function filesBeside(file: string): AgentFiles {
  const isSource = path.extname(file) === '.ts';
  const modules = { file, words: isSource ? 'from sources' : 'module by module' };
  const above = path.dirname(path.dirname(file));
  const folder = path.join(above, ...(isSource ? ['dist'] : []), 'agent-bundle');
  const bundled = path.join(folder, 'main.js');
  const isThere = existsSync(bundled) && (!isSource || isBundleFresh(above));
  return { modules, published: isThere ? { file: bundled, words: 'as published' } : modules };
}

/** Whether `dist/agent-bundle` of a checkout was made of the sources that are there: `bin/bundle-agent.mjs` lists them. */
export function isBundleFresh(root: string): boolean {
  const folder = path.join(root, 'dist', 'agent-bundle');
  try {
    const digests: Record<string, string> = JSON.parse(readFileSync(path.join(folder, 'sources.json'), 'utf8'));
    const names = Object.keys(digests);
    return names.length > 0 && names.every((name) => digestOf(path.join(root, name)) === digests[name]);
  } catch {
    // Never built, by an older version, half written, or of a file that is gone.
    return false;
  }
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
