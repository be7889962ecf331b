/** Texts around the kernels that `npm run generate` writes: constants for AssemblyScript, and the built module. */

/** A number or the first eight characters of an ASCII text, as `load<u64>` finds them. */
export type KernelConstant = number | { readonly text: string } | { readonly word: bigint };

/** Text as one number of 64 bits, little-endian. */
export function wordOf(text: string): string {
  const bytes = [...text.slice(0, 8)].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0'));
  return `0x${bytes.toReversed().join('')}`;
}

function constantText(name: string, value: KernelConstant): string {
  if (typeof value === 'number') return `export const ${name}: i32 = ${value};`;
  if ('word' in value) return `export const ${name}: u64 = 0x${value.word.toString(16)};`;
  return `/** \`${value.text}\` */\nexport const ${name}: u64 = ${wordOf(value.text)};`;
}

/** `{ prefix: { someName: 1 } }` as `PREFIX_SOME_NAME`. */
export function prefixed(prefix: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}_${snakeCase(name)}`, value]));
}

const snakeCase = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();

/**
 * A file of constants in AssemblyScript.
 * @param from the files whose constants they are, for readers of the generated one
 */
export function constantsText(
  from: string,
  constants: Readonly<Record<string, KernelConstant>>,
  functions: readonly string[] = [],
): string {
  return [
    `// Constants of ${from} for AssemblyScript, written by \`npm run generate\`. Not for editing.`,
    ...Object.entries(constants).map(([name, value]) => constantText(name, value)),
    ...functions,
    '',
  ].join('\n');
}

/**
 * The text of a file that holds a built module.
 * @param name of the constant
 * @param from the source of the module
 */
export function moduleText(name: string, from: string, module: Uint8Array): string {
  const base64 = Buffer.from(module).toString('base64');
  return [
    `// Built from ${from} by \`npm run generate\`. Not for editing.`,
    '/** A WebAssembly module, in Base64. */',
    `export const ${name} =`,
    `  '${base64.match(/.{1,110}/g)!.join("' +\n  '")}';`,
    '',
  ].join('\n');
}
