/**
 * Puts a defect in real modules' places when a target is loaded: `--import …/register.ts?defect=NAME`. Only the
 * harness passes that; the agent's own code knows nothing of it, and no option of the agent leads here.
 *
 * A defect is a folder with `replaces.ts`, which exports `replaces` (modules' paths from the project's root, each with the
 * file in the folder that is loaded instead) and, where the agent needs them to show it, `agentArguments`. A defect may
 * import the modules it replaces: from within its own folder their names lead to the real ones.
 */
import { registerHooks } from 'node:module';

const folder = new URL('.', import.meta.url).href;
const root = new URL('../../', import.meta.url).href;
const extension = import.meta.url
  .slice(0, import.meta.url.indexOf('?') < 0 ? undefined : import.meta.url.indexOf('?'))
  .endsWith('.ts')
  ? '.ts'
  : '.js';
const name = new URL(import.meta.url).searchParams.get('defect') ?? '';
if (!/^[a-z0-9-]+$/.test(name)) throw new Error(`register: no such defect: "${name}"`);

const own = `${folder}${name}/`;
const { replaces }: { replaces: Readonly<Record<string, string>> } = await import(`${own}replaces${extension}`);
const runnable = (file: string) => file.replace(/\.ts$/, extension);
const replacements = new Map(
  Object.entries(replaces).map(([module, by]) => [root + runnable(module), own + runnable(by)]),
);

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const replacement = replacements.get(resolved.url);
    if (replacement === undefined || context.parentURL?.startsWith(own)) return resolved;
    return { ...resolved, url: replacement };
  },
});
