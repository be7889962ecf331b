/** git in a repository of a test's own: it commits under a name, whoever runs the tests. */
import { execFileSync } from 'node:child_process';

/** @returns runs git there. It returns what git printed, and throws where git fails */
export function gitIn(cwd: string): (...words: readonly string[]) => string {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  return (...words) => execFileSync('git', [...identity, ...words], { cwd, encoding: 'utf8', stdio: 'pipe' });
}
