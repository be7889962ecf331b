import type { Command } from 'commander';
export function addRerunCommand(command: Command): void {
  command.description('x').action(() => {});
}
