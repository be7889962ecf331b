/** Flags of a signature without a key, of `verify` and `rerun`: they go together. */
import type { Command } from 'commander';

export interface KeylessFlags {
  readonly sigstore?: string;
  readonly identity?: string;
  readonly issuer?: string;
  readonly trustedRoot?: string;
}

export function addKeylessOptions(command: Command): Command {
  return command
    .option('--sigstore <file>', 'sigstore bundle of who signed it without a key (.sigstore.json, or one a line)')
    .option('--identity <who>', 'with --sigstore: who has to have signed it, as the certificate names them')
    .option('--issuer <url>', 'with --sigstore: who has to vouch for that identity')
    .option('--trusted-root <file>', 'with --sigstore: authorities and logs that are trusted; nothing is fetched');
}
