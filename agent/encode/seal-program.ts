/** The text of the module in which JSON bodies are sealed: `npm run generate` compiles it. */

import { compileKernel } from './kernel-compiler.ts';
import { SEAL_GRAMMAR } from './seal-kernel.ts';
import { SEAL_SCREEN } from './seal-kernel-screen.ts';
import { SEAL_TAPE } from './seal-kernel-tape.ts';

/** The text of `seal-kernel.generated.ts`. */
export function generateSealKernel(): string {
  const module = Buffer.from(compileKernel(SEAL_GRAMMAR + SEAL_SCREEN + SEAL_TAPE)).toString('base64');
  return [
    '// Compiled from agent/encode/seal-kernel*.ts by `npm run generate` (agent/encode/seal-program.ts). Not for editing.',
    '/** A WebAssembly module, in Base64. */',
    'export const SEAL_KERNEL =',
    `  '${module.match(/.{1,110}/g)!.join("' +\n  '")}';`,
    '',
  ].join('\n');
}
