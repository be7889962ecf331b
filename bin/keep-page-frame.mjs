// `node bin/keep-page-frame.mjs BUNDLE`: adds what the page of a sign-off has beside its data to reports/html/signoff-frames.json, so that later
// versions still know the page. Run at a release, with a bundle that it made, and with the example in docs/.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readBundle } from '../harness/signoff/bundle-files.ts';
import { sha256 } from '../harness/signoff/statement.ts';
import { pageName, readSummary, summaryName } from '../harness/signoff/summary.ts';
import { signoffFrame } from '../reports/signoff-html.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const file = path.join(root, 'reports/html/signoff-frames.json');
const bundle = await readBundle(process.argv[2] ?? 'docs/signoff-example.tar.gz');
const report = readSummary(JSON.parse(String(bundle.get(summaryName))));
if (typeof report === 'string') throw new Error(`${summaryName}: ${report}`);
const frame = signoffFrame(String(bundle.get(pageName)), report);
if (frame === undefined) throw new Error(`${pageName} shows another sign-off`);
const frames = JSON.parse(readFileSync(file, 'utf8'));
frames[report.tool.version] = [...new Set([...(frames[report.tool.version] ?? []), sha256(frame)])];
writeFileSync(file, `${JSON.stringify(frames, null, 2)}\n`);
