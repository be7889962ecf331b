/** What `npm run generate` writes of a kernel: its module as text. */
import { compileKernel } from './kernel-compiler.ts';

/**
 * The text of a generated file with a WebAssembly module in it.
 * @param name of the constant that holds it
 * @param source in the language of `kernel-compiler.ts`
 * @param from the files it comes from, for who opens the generated one
 */
export function kernelText(name: string, source: string, from: string): string {
  const module = Buffer.from(compileKernel(source)).toString('base64');
  return [
    `// Compiled from ${from} by \`npm run generate\`. Not for editing.`,
    '/** A WebAssembly module, in Base64. */',
    `export const ${name} =`,
    `  '${module.match(/.{1,110}/g)!.join("' +\n  '")}';`,
    '',
  ].join('\n');
}
