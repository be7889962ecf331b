/** The options that say which exchanges are reported, and where they are delivered to. */
import { InvalidArgumentError, Option } from 'commander';
import type { BatchCoding } from '../sinks/batch-compressor.ts';
import type { OptionDrafts } from './environment.ts';
import { parseCount, parseMilliseconds, parseSize } from './option-values.ts';

export interface DeliveryFlags {
  print?: boolean;
  upload?: string;
  spool?: string;
  spoolMax: number;
  uploadCoding: BatchCoding;
  uploadBatch?: number;
  uploadIntervalMs: number;
  uploadTimeoutMs: number;
  uploadDrainMs: number;
  allowHost?: string[];
  excludeHost?: string[];
  allowPath?: string[];
  excludePath?: string[];
  sample?: number;
  rateLimit?: number;
  excludeOwn: boolean;
}

/** Which exchanges are reported. */
export function addChoices(drafts: OptionDrafts): void {
  drafts
    .optionsGroup('Which exchanges it reports, in every output:')
    .option('--allow-host <expression>', 'only those whose host matches (see below); may be repeated', another)
    .option('--exclude-host <expression>', 'none whose host matches; may be repeated', another)
    .option('--allow-path <expression>', 'only those whose path matches; may be repeated', another)
    .option('--exclude-path <expression>', 'none whose path matches; may be repeated', another)
    .option('--sample <share>', 'so many of them by chance, e.g. 0.1', parseShare)
    .option('--rate-limit <count>', 'at most so many a minute, from a window at a random place in it', parseCount)
    .option('--no-exclude-own', 'the agent’s own uploads and metrics as well');
}

/** Where witnesses go to. */
export function addUpload(drafts: OptionDrafts): void {
  drafts
    .optionsGroup('Uploading witnesses:')
    .option(
      '--upload <url>',
      'where batches are sent to, e.g. a floodgate-agent collect; user:password@ is never printed',
    )
    .option('--spool <folder>', 'keeps batches until they are sent (default: in memory, a few MB)')
    .addOption(
      new Option('--spool-max <size>', 'room for them; beyond it the oldest go')
        .argParser(parseSize)
        .default(1e9, '1GB'),
    )
    .addOption(
      new Option('--upload-coding <coding>', 'how batches are compressed; gzip for servers that know no zstd')
        .choices(['gzip', 'zstd'])
        .default('zstd'),
    )
    .option('--upload-batch <size>', 'bytes of a batch before compression (default: from --memory)', parseSize)
    .option('--upload-interval-ms <ms>', 'a batch waits no longer for being full', parseMilliseconds, 2_000)
    .option('--upload-timeout-ms <ms>', 'how long the server may take over one', parseMilliseconds, 30_000)
    .option('--upload-drain-ms <ms>', 'at the end, how long what is left is tried', parseMilliseconds, 10_000);
}

/** Repeatable, commas and all. */
function another(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function parseShare(text: string): number {
  const share = Number(text);
  if (!(share > 0 && share <= 1)) throw new InvalidArgumentError('a share above 0, 1 at most, is expected.');
  return share;
}
