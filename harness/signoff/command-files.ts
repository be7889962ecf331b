/** What a command of a scenario may name: by this rule files that drive a sign-off are found, and missed by whoever verifies. Pure. */
import { commandWords } from '../compare/load-files.ts';

/** A load is a program and its modules; more is no load, and the rest is left out. */
export const drivingFilesMax = 1_000;

export const wordsOf = (command: string): string[] =>
  commandWords(command).flatMap((word) => word.split(/[;&|()<>]+/).filter((part) => part !== ''));
