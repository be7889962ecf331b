/** The manifest that docs/matrix.md shows, by the schema of Kubernetes' own API as it is published. No cluster is here: it has not run. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

interface Model {
  new (data: unknown): { validate(): void };
}

/** Not by its types: a checkout whose packages are of before is still checked. */
const schemas = 'kubernetes-models/batch/v1';
const loaded: { readonly Job: Model } | undefined = await import(schemas).catch(() => undefined);

const page = readFileSync(path.resolve(import.meta.dirname, '..', 'docs', 'matrix.md'), 'utf8');
const shown = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => parse(text!));
const manifest = shown.find(({ kind }) => kind === 'Job');

/** What the schema says against it; empty where it is valid. */
function fault(data: unknown): string {
  try {
    new loaded!.Job(data).validate();
    return '';
  } catch (error) {
    return (error as Error).message || 'not valid';
  }
}

/** Places of everything that is no list and no map. */
function leaves(value: unknown, place: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [place];
  return Object.entries(value).flatMap(([key, below]) => leaves(below, [...place, key]));
}

function withAt(data: object, place: readonly string[], value: unknown): object {
  const copy = structuredClone(data);
  let at = copy as Record<string, never>;
  for (const key of place.slice(0, -1)) at = at[key]!;
  Object.assign(at, { [place.at(-1)!]: value });
  return copy;
}

t.test('an Indexed Job as the published schema has it, and every name in it is one of the schema’s', async (t) => {
  if (loaded === undefined) return void t.pass('skipped: kubernetes-models is not installed (npm ci)', { skip: true });
  t.equal(fault(manifest), '');
  const all = leaves(manifest);
  t.ok(all.length > 30);
  // A name that the schema does not have would take any value.
  for (const place of all) t.not(fault(withAt(manifest, place, { no: { such: 'value' } })), '', place.join('.'));
  const { spec } = manifest;
  t.match(spec, {
    completionMode: 'Indexed',
    completions: spec.parallelism,
    template: { spec: { restartPolicy: 'Never' } },
  });
  const [container] = spec.template.spec.containers;
  t.match(
    container.command,
    ['npx', 'floodgate', 'gate', '--shard', `auto/${spec.completions}`],
    'as many shards as pods',
  );
  const [, rule] = spec.podFailurePolicy.rules;
  t.equal(rule.onExitCodes.containerName, container.name);
});
