/** The text of the module in which JSON bodies are sealed: `npm run generate` compiles it. */
import { SEAL_GRAMMAR } from './seal-kernel.ts';
import { SEAL_SCREEN } from './seal-kernel-screen.ts';
import { SEAL_TAPE } from './seal-kernel-tape.ts';

export const SEAL_PROGRAM = SEAL_GRAMMAR + SEAL_SCREEN + SEAL_TAPE;
