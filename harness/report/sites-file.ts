/**
 * `sites.json`: what each call site allocated, with what it takes to say it by the request: two versions are compared by it. Beside it
 * `sites.pb.gz`, the same as stacks.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type AllocatedSite, type AllocationInterval, stacksOf } from '../metrics/allocated-sites.ts';
import { messagesOf } from '../metrics/measured-run.ts';
import type { PassResult } from '../pass/pass-result.ts';
import { writePprof } from '../profile/pprof.ts';

export const sitesFileName = 'sites.json';
export const stacksFileName = 'sites.pb.gz';

export interface SitesFile {
  /** Messages or requests of the pass; null where they were not counted. */
  readonly requests: number | null;
  readonly sites: readonly AllocatedSite[];
}

export interface SampledSites {
  readonly sites: readonly AllocatedSite[] | undefined;
  readonly intervals: readonly AllocationInterval[];
}

/** Writes both into the run's folder; without sites where nothing was sampled. */
export function writeSites(folder: string, pass: PassResult, { sites = [], intervals }: SampledSites): void {
  const file: SitesFile = { requests: messagesOf(pass), sites };
  writeFileSync(path.join(folder, sitesFileName), `${JSON.stringify(file)}\n`);
  const stacks = stacksOf(intervals);
  if (stacks) writeFileSync(path.join(folder, stacksFileName), writePprof(stacks), { mode: 0o600 });
}
