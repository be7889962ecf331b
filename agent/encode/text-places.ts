/** What the place of a text (a header field, a parameter) says about its texts, before any is seen. */
import { redactFieldName } from '../witness/field-secrets.ts';
import { type DataMeta, Location } from '../witness/ir.ts';
import { isStructuredHeader } from '../witness/obfuscation.ts';
import { isGuardedName, isSecretName } from '../witness/secret-names.ts';
import { redactText } from '../witness/secret-scanner.ts';

export interface TextPlace {
  /** The place's name or nature makes every text a secret. */
  readonly isSecret: boolean;
  /** Neither the place nor its name makes a text secret: what is in the text decides. */
  readonly isOpen: boolean;
}

export function placeOf(meta: DataMeta): TextPlace {
  const { location, key } = meta;
  const isNamed = location === Location.HEADER || location === Location.QUERY;
  // As the obfuscator looks at a meta's name.
  const isPlainName = (location === Location.HEADER ? redactFieldName(key) : redactText(key)) === key;
  const isSecret = isNamed ? isSecretName(key) : location === Location.AUTH || location === Location.COOKIE;
  return {
    isSecret: isSecret && isPlainName,
    isOpen: isNamed && isPlainName && !isSecret && !isStructuredHeader(meta) && !isGuardedName(key),
  };
}

/** What a meta adds to each value of its place. */
export interface SealedMeta {
  /** Field `meta` of Data, with tag and length. */
  readonly field: Uint8Array;
  readonly digestHigh: number;
  readonly digestLow: number;
}
