/**
 * What a version takes from the working folder and not from its own checkout. The checkout lies below the working folder, and Node.js looks for
 * a package upwards: one that the checkout lacks is found there, the same for both versions.
 */
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ComparedScenario } from '../../reports/comparison.ts';
import { isInstalledFor, rootFolder } from './build-version.ts';
import { foundPackage, isOwnCode } from './installed-packages.ts';
import { needsOf } from './project-manifest.ts';
import type { Version } from './version-label.ts';
import type { VersionStore } from './version-store.ts';
import { isWithin } from './within.ts';

type Versions = Pick<VersionStore, 'folderOf' | 'projectFolderOf' | 'prefix'>;

/** @param working the project's folder. @returns why a version does not run its own code; undefined where it does */
export function strayModule(version: Version, working: string, store: Versions): string | undefined {
  const [checkout, folder] = [store.folderOf(version), store.projectFolderOf(version)].map((place) =>
    realpathSync(place),
  ) as [string, string];
  const own = realpathSync(working);
  const top = path.resolve(own, path.relative(folder, checkout));
  let right: boolean | undefined;
  // It reads the lock file, and the manifest of each package.
  const isRight = () => (right ??= isRightAbove(folder, checkout, own));
  const found = strayIn(folder, { checkout, top, isRight });
  if (!found) return undefined;
  const { name, place } = found;
  return `${version.label} takes ${name} from the working folder (${path.relative(top, place)}), which is no version: build has to install and build it in each checkout`;
}

interface Place {
  readonly checkout: string;
  readonly top: string;
  /** Whether what is installed in the working folder is what the version asks for. */
  readonly isRight: () => boolean;
}

/** From the service on, through the members of its workspace that it needs. */
function strayIn(folder: string, { checkout, top, isRight }: Place): { name: string; place: string } | undefined {
  const members = new Set([folder]);
  for (const member of members) {
    const { run, more } = needsOf(member);
    for (const name of Object.keys({ ...more, ...run })) {
      const place = foundPackage(member, name, path.parse(member).root);
      if (place === undefined) continue;
      if (isWithin(place, checkout)) {
        if (!isOwnCode(place, checkout)) continue;
        members.add(place);
        const main = mainOf(member, name);
        if (main && !isWithin(main, checkout) && isWithin(main, top)) return { name, place: main };
      } else if (isWithin(place, top) && (isOwnCode(place, top) || (Object.hasOwn(run, name) && !isRight())))
        return { name, place };
    }
  }
  return undefined;
}

/** What `require` finds: where a member without `main` is not built, Node.js looks further up. */
function mainOf(folder: string, name: string): string | undefined {
  try {
    return realpathSync(createRequire(path.join(folder, 'any.js')).resolve(name));
  } catch {
    // Nowhere, or only for `import`, which looks no further.
    return undefined;
  }
}

function isRightAbove(folder: string, checkout: string, working: string): boolean {
  const root = rootFolder(folder, checkout);
  return isInstalledFor(root, path.resolve(working, path.relative(folder, root)));
}

/** Nothing is within its limit where a version does not run its own code. */
export function withStray(compared: ComparedScenario, stray: string): ComparedScenario {
  const metrics = compared.metrics.map((metric) =>
    metric.decision === 'within' ? { ...metric, decision: 'undecided' as const, note: stray } : metric,
  );
  return { ...compared, metrics, fault: compared.fault ?? stray };
}
