/**
 * Puts defects in real modules' places when a target is loaded: `--import …/register.ts?defect=NAME,NAME`. Only the
 * harness passes that; the agent's own code knows nothing of it, and no option of the agent leads here.
 *
 * A defect is a folder with `replaces.ts`. It exports `replaces`: modules' paths from the project's root, each with the
 * file in the folder that is loaded instead. Where the agent needs them to show the defect, it exports `agentArguments`,
 * and `until`, the first stage at which it shows. A defect may import the modules it replaces: from within its own folder
 * their names lead to the real ones. Several defects may be put in place at once if no two replace the same module.
 */
import { registerHooks } from 'node:module';

const folder = new URL('.', import.meta.url).href;
const root = new URL('../../', import.meta.url).href;
const extension = import.meta.url
  .slice(0, import.meta.url.indexOf('?') < 0 ? undefined : import.meta.url.indexOf('?'))
  .endsWith('.ts')
  ? '.ts'
  : '.js';
const names = (new URL(import.meta.url).searchParams.get('defect') ?? '').split(',');
const runnable = (file: string) => file.replace(/\.ts$/, extension);

interface Replacement {
  /** The defect's folder. */
  readonly own: string;
  readonly url: string;
}
const replacements = new Map<string, Replacement>();
for (const name of names) {
  if (!/^[a-z0-9-]+$/.test(name)) throw new Error(`register: no such defect: "${name}"`);
  const own = `${folder}${name}/`;
  const { replaces }: { replaces: Readonly<Record<string, string>> } = await import(`${own}replaces${extension}`);
  for (const [module, by] of Object.entries(replaces)) {
    if (replacements.has(root + runnable(module))) throw new Error(`register: two defects replace ${module}`);
    replacements.set(root + runnable(module), { own, url: own + runnable(by) });
  }
}

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const replacement = replacements.get(resolved.url);
    if (replacement === undefined || context.parentURL?.startsWith(replacement.own)) return resolved;
    return { ...resolved, url: replacement.url };
  },
});
