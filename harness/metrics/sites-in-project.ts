/** Call sites by the names that their files have in the project, wherever its version was checked out to be run. Pure. */
import path from 'node:path';

/** Where `compare` and `signoff` run a version, below the project's folder (`compare/version-store.ts`). */
const checkoutFolder = path.join('.floodgate', 'compare', 'checkout');

/**
 * Of a version that runs from its checkout, files are called as where the project itself runs: a limit on `bytes:src/**` means the same.
 * @param project absolute: its folder, in which the run is typed
 * @param startedIn absolute: where the target was started; undefined: in the project
 */
export function sitesInProject<T extends { readonly file: string }>(
  sites: readonly T[] | undefined,
  project: string,
  startedIn: string | undefined,
): readonly T[] | undefined {
  const checkout = path.join(project, checkoutFolder);
  if (startedIn === undefined || !isWithin(startedIn, checkout)) return sites;
  return sites?.map((site) => ({ ...site, file: nameOf(site.file, project, { checkout, startedIn }) }));
}

function nameOf(name: string, project: string, at: { readonly checkout: string; readonly startedIn: string }): string {
  const file = path.resolve(project, name);
  // What the runtime has has no file; packages of floodgate’s own lie elsewhere.
  if (!isWithin(file, at.checkout)) return name;
  const own = path.resolve(project, path.relative(at.startedIn, file));
  return (isWithin(own, project) ? path.relative(project, own) : own).split(path.sep).join('/');
}

const isWithin = (file: string, folder: string) => file === folder || file.startsWith(`${folder}${path.sep}`);
