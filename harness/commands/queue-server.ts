/** What a server says of itself that a queue has to know. */
import type { Redis } from 'ioredis';

/** Sentences for the operator: what this server may lose. */
export async function serverWarnings(client: Redis): Promise<string[]> {
  const facts = new Map(
    (await client.info())
      .split(/\r?\n/)
      .flatMap((line) => (/^[a-z_]+:/.test(line) ? [line.split(':', 2) as [string, string]] : [])),
  );
  const warnings: string[] = [];
  const policy = facts.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(`this Redis evicts keys when it is full (${policy}), results too: set maxmemory-policy noeviction`);
  }
  if (facts.get('aof_enabled') === '0') {
    warnings.push('this Redis keeps no append-only file: what it holds may be lost with it (appendonly yes)');
  }
  return warnings;
}
