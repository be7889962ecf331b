/** The call sites of a run as the operator names it: `sites.json` of its folder, checked. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import { type Callers, callersIn } from '../compare/callers.ts';
import { readPprof } from '../profile/pprof.ts';
import { type SitesFile, sitesFileName, stacksFileName } from '../report/sites-file.ts';
import { readOperatorFile } from './operator-file.ts';

const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const schema = v.object({
  requests: v.nullable(amount),
  sites: v.pipe(
    v.array(
      v.object({
        functionName: v.string(),
        file: v.string(),
        line: v.pipe(v.number(), v.integer(), v.minValue(0)),
        where: v.picklist(['heap', 'off-heap']),
        selfBytes: amount,
        errorShare: amount,
      }),
    ),
    v.maxLength(100_000),
  ),
});

/** Where versions that were compared ran: the project's own names lie below it. */
const checkout = /^(.*\/)?\.floodgate\/compare\/checkout\//;

/**
 * @returns undefined for what is no folder with call sites, or where neither requests nor messages were counted
 * @throws FloodgateError `profile-missing` for a file that is damaged
 */
export function readSites(folder: string): SitesFile | undefined {
  const file = path.join(folder, sitesFileName);
  if (!existsSync(file)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readOperatorFile(file).toString());
  } catch (cause) {
    throw damaged(file, (cause as Error).message);
  }
  const checked = v.safeParse(schema, value);
  if (!checked.success) throw damaged(file, checked.issues[0].message);
  const { requests, sites } = checked.output;
  if (!requests) return undefined;
  return { requests, sites: sites.map((site) => ({ ...site, file: site.file.replace(checkout, '') })) };
}

/** By the stacks beside them; undefined where there are none. @throws FloodgateError `profile-missing` for a file that is damaged */
export function readCallers(folder: string): Callers | undefined {
  const file = path.join(folder, stacksFileName);
  if (!existsSync(file)) return undefined;
  try {
    const { sites, ...profile } = readPprof(readOperatorFile(file));
    return callersIn({ ...profile, sites: { ...sites, file: sites.file.map((name) => name.replace(checkout, '')) } });
  } catch (cause) {
    throw damaged(file, (cause as Error).message);
  }
}

function damaged(file: string, why: string): FloodgateError {
  return new FloodgateError('profile-missing', `${file} cannot be read: ${why}`, {
    hint: 'Run it again with --sites 4KiB.',
  });
}
