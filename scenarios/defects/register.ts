/**
 * Puts a defect in a real module's place when a target is loaded: `--import …/register.ts?defect=NAME`. Only the
 * harness passes that; the agent's own code knows nothing of it, and no option of the agent leads here.
 *
 * A defect is a folder with `replaces.ts`, which exports `replaces` (the module's path from the project's root), `by` (the
 * file in the folder that is loaded instead) and, where the agent needs them to show it, `agentArguments`. A defect may import the module it replaces: from within its own
 * folder the name leads to the real one.
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
const { replaces, by }: { replaces: string; by: string } = await import(`${own}replaces${extension}`);
const replaced = `${root}${replaces.replace(/\.ts$/, extension)}`;
const replacement = `${own}${by.replace(/\.ts$/, extension)}`;

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    if (resolved.url !== replaced || context.parentURL?.startsWith(own)) return resolved;
    return { ...resolved, url: replacement };
  },
});
