/** The page's script and style sheet: what `npm run generate` made of our own modules, behind the chart library. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export type PageName = 'report' | 'trends' | 'comparison' | 'signoff' | 'history' | 'sweep';

const require = createRequire(import.meta.url);

const scripts = new Map<PageName, string>();
let style: string | undefined;

/** The chart library and our modules (bin/bundle-pages.mjs) as classic scripts, the last of which starts the page. */
export function pageScript(name: PageName): string {
  let script = scripts.get(name);
  if (script === undefined) {
    script = `${libraryFile('uplot/dist/uPlot.iife.min.js')}\n${ownFile(`${name}.generated.js`)}`;
    scripts.set(name, script);
  }
  return script;
}

/** The chart library's style sheet and ours. */
export function pageStyle(): string {
  style ??= `${libraryFile('uplot/dist/uPlot.min.css')}\n${ownFile('page.css')}`;
  return style;
}

function libraryFile(name: string): string {
  return readFileSync(require.resolve(name), 'utf8');
}

/** A file beside the modules of the pages. */
export function ownFile(name: string): string {
  return readFileSync(path.join(import.meta.dirname, 'html', name), 'utf8');
}
