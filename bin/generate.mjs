// `npm run generate`: everything that is generated from agent/encode/witness.proto, the kernels, the report's pages, the tables
// of metrics and exit codes and the schemas of comparisons, configurations and scenarios, into the given folder (default: the repository itself). What it writes is checked in;
// test/generated.test.ts fails when that is stale.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildKernels } from './build-kernels.mjs';
import { bundlePages } from './bundle-pages.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const out = path.resolve(process.argv[2] ?? root);
const bin = path.join(root, 'node_modules', '.bin');

// Messages first: the generators below read the schema through them.
execFileSync(path.join(bin, 'buf'), ['generate', 'agent/encode', '--template', 'buf.gen.yaml', '--output', out], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` },
});

const { WitnessSchema } = await import(pathToFileURL(path.join(out, 'agent/encode/gen/witness_pb.ts')).href);
const { generateDigest } = await import('../agent/digest/digest-generator.ts');
const { generateEncoder } = await import('../agent/encode/encoder-generator.ts');
const { exitCodesPage, metricsPage } = await import('../harness/metrics/pages.ts');
const { configSchema } = await import('../harness/project/config.ts');
const { comparisonSchema } = await import('../reports/comparison-schema.ts');
const { limits, scenarioSchema } = await import('../harness/project/scenario-schema.ts');
const { metricNamesInTable } = await import('../harness/metrics/metric-name.ts');
const { sitePatternMetrics } = await import('../harness/metrics/table.ts');
const { toJsonSchema } = await import('@valibot/to-json-schema');

/** @type {[file: string, text: string][]} */
const generated = [
  ['docs/metrics.md', metricsPage()],
  ['docs/exit-codes.md', exitCodesPage()],
  ['docs/comparison.schema.json', schemaText('A comparison of floodgate: comparison.json', comparisonSchema)],
  ['docs/config.schema.json', schemaText('A configuration of floodgate', configSchema)],
  ['docs/scenario.schema.json', schemaText('A scenario of floodgate', scenarioSchema)],
  ['agent/digest/witness-digest.generated.ts', generateDigest(WitnessSchema)],
  ['agent/encode/witness-encoder.generated.ts', generateEncoder(WitnessSchema)],
  ...(await buildKernels(root)),
  ...(await bundlePages(root)),
];
for (const [file, text] of generated) {
  mkdirSync(path.dirname(path.join(out, file)), { recursive: true });
  writeFileSync(path.join(out, file), text);
}

/**
 * What an editor completes and checks YAML with; what JSON Schema cannot say (trimming) is left out.
 * @param {string} title @param {import('valibot').GenericSchema} schema
 */
function schemaText(title, schema) {
  const patterns = sitePatternMetrics.map(({ prefix }) => prefix).join('|');
  const propertyNames = { anyOf: [{ enum: [...metricNamesInTable] }, { pattern: `^(${patterns}):.` }] };
  const body = toJsonSchema(schema, {
    ...{ errorMode: 'ignore', typeMode: 'input' },
    // Limits are checked for their names behind the schema, which says the nearest; an editor knows them by it.
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema === limits ? { ...jsonSchema, propertyNames } : undefined,
  });
  return `${JSON.stringify({ title, ...body }, null, 2)}\n`;
}
