/** The page's script and style sheet, put together at render time from our own modules and the chart library. */
import { readFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Each after those that it imports. All are written so that their top-level names differ. */
const PAGES = {
  report: {
    modules: [
      'format',
      'model',
      'html/columns',
      'html/dom',
      'html/theme',
      'html/flame-layout',
      'html/flame-view',
      'html/verdict-class',
      'html/timeline-data',
      'html/timeline',
      'html/spike-section',
      'html/run-page',
      'html/main',
    ],
    start: 'start();',
  },
  trends: {
    modules: ['format', 'html/dom', 'html/theme', 'html/verdict-class', 'html/trends-page'],
    start: 'startTrends();',
  },
} as const;

const here = path.dirname(fileURLToPath(import.meta.url));
/** `.ts` in the sources, `.js` in what is published: there the types are gone already. */
const extension = path.extname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

const scripts = new Map<keyof typeof PAGES, string>();
let style: string | undefined;

/** The chart library and our modules as one classic script that starts the page. */
export function pageScript(name: keyof typeof PAGES): string {
  let script = scripts.get(name);
  if (script === undefined) {
    const { modules, start } = PAGES[name];
    const library = asset('uplot/dist/uPlot.iife.min.js');
    script = [library, '(() => {\n"use strict";', ...modules.map(moduleBody), start, '})();'].join('\n');
    scripts.set(name, script);
  }
  return script;
}

/** The chart library's style sheet and ours. */
export function pageStyle(): string {
  style ??= `${asset('uplot/dist/uPlot.min.css')}\n${readFileSync(path.join(here, 'html', 'page.css'), 'utf8')}`;
  return style;
}

function asset(name: string): string {
  return readFileSync(require.resolve(name), 'utf8');
}

/** A module without its types, imports and exports: all of them share one scope. */
function moduleBody(name: string): string {
  const source = readFileSync(path.join(here, `${name}${extension}`), 'utf8');
  const plain = extension === '.ts' ? stripTypeScriptTypes(source) : source;
  return plain
    .replaceAll(/^import [^;]*;$/gm, '')
    .replaceAll(/^export (?=async |function|const|class)/gm, '')
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n{2,}/g, '\n');
}
