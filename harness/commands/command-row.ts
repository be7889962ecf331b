/** What `floodgate` knows of a command before it is named. */
import type { Command } from 'commander';

export interface CommandRow {
  readonly name: string;
  /** Heading that it stands under in `floodgate --help`; rows of one group stand together. */
  readonly group: string;
  /** Its line in `floodgate --help`. */
  readonly summary: string;
  /** @returns what adds the command's description, arguments, options and action */
  readonly load: () => Promise<(command: Command) => void>;
}
