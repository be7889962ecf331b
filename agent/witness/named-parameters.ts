/** Pairs of a name and a value over two parameters of a query or a form: `name=password&value=…`. */
import { type Fields, Location } from './ir.ts';
import { isNamingName, isValueName, namesSecret } from './secret-names.ts';

/** Whether a parameter is a secret, as its neighbours say. */
export type NamedParameter = (name: string, value: string) => boolean;

/** Pairs over two parameters, as in `name=password&value=…`. @returns whether one holds a secret's value; null: none does */
export function namedParameters(pairs: readonly string[]): NamedParameter | null {
  if (!pairs.some((pair) => isValueName(decodeForm(pair.slice(0, Math.max(0, pair.indexOf('='))))))) return null;
  return amongNames(
    pairs
      .map((pair) => pair.split(/=(.*)/s, 2) as [string, string?])
      .filter(([name]) => isNamingName(decodeForm(name)))
      .map(([, value = '']) => decodeForm(value)),
  );
}

/** The same of a witness: parameters that may be such pairs are not sealed. */
export function namedQuery({ values }: Fields): NamedParameter | null {
  let names: string[] | null = null;
  for (let i = 0; i < values.length; i += 1) {
    const { meta, value } = values[i]!;
    const isNaming = meta?.location === Location.QUERY && typeof value === 'string' && isNamingName(meta.key);
    if (isNaming) (names ??= []).push(value);
  }
  // Most witnesses have none: nothing is allocated for them.
  return names === null ? null : amongNames(names);
}

const amongNames = (names: readonly string[]): NamedParameter | null =>
  names.length === 0 ? null : isAmong.bind(null, names);

const isAmong = (names: readonly string[], name: string, value: string): boolean =>
  isValueName(name) && names.some((each) => namesSecret(each, decodeForm(value)));

/** As it stands where the encoding is broken. */
export function decodeForm(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
