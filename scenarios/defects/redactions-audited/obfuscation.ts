/** The real obfuscator, which keeps a record of what it saw. */
import type { Witness } from '../../../agent/witness/ir.ts';
import { Obfuscator as RealObfuscator } from '../../../agent/witness/obfuscation.ts';

export * from '../../../agent/witness/obfuscation.ts';

interface AuditRecord {
  readonly endpoint: string;
  readonly parts: readonly string[];
  readonly changed: number;
}

export class Obfuscator extends RealObfuscator {
  readonly #records: AuditRecord[] = [];

  override witness(witness: Witness): void {
    super.witness(witness);
    this.#audit(witness);
  }

  #audit({ method }: Witness): void {
    const meta = method?.meta;
    if (meta == null) return;
    const endpoint = `${meta.method} ${meta.host}${meta.pathTemplate}`;
    const parts = [...endpoint].map((character, at) => `${at}${character}`);
    this.#records.push({ endpoint, parts, changed: this.changed });
  }
}
