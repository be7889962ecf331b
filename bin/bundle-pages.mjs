// The scripts of the report's pages, as `npm run generate` writes them beside their modules: a browser gets one classic script.
// They are checked in, so that a run makes its report without a bundler.
import { rolldown } from 'rolldown';

/** Which function of which module starts a page. */
const pages = {
  'reports/html/report.generated.js': { module: 'reports/html/main.ts', start: 'start' },
  'reports/html/trends.generated.js': { module: 'reports/html/trends-page.ts', start: 'startTrends' },
  'reports/html/history.generated.js': { module: 'reports/html/history-page.ts', start: 'startHistory' },
  'reports/html/comparison.generated.js': { module: 'reports/html/comparison-page.ts', start: 'startComparison' },
  'reports/html/signoff.generated.js': { module: 'reports/html/signoff-page.ts', start: 'startSignoff' },
  'reports/html/sweep.generated.js': { module: 'reports/html/sweep-page.ts', start: 'startSweep' },
};

/** @param {string} root the repository @returns {Promise<[file: string, text: string][]>} */
export async function bundlePages(root) {
  return await Promise.all(
    Object.entries(pages).map(async ([file, { module, start }]) => {
      /** @type {import('rolldown').Plugin} */
      const entry = {
        name: 'page-entry',
        resolveId: (name) => (name === 'page-entry' ? name : null),
        load: (id) => (id === 'page-entry' ? `import { ${start} } from './${module}';\n${start}();\n` : null),
      };
      const bundle = await rolldown({
        input: 'page-entry',
        cwd: root,
        platform: 'browser',
        plugins: [entry],
        onwarn: (warning) => {
          throw new Error(warning.message);
        },
      });
      const { output } = await bundle.generate({
        format: 'iife',
        strict: true,
        comments: { legal: true, annotation: false, jsdoc: false },
        minify: { compress: false, mangle: false, codegen: { removeWhitespace: false } },
      });
      return /** @type {[string, string]} */ ([file, output[0].code]);
    }),
  );
}
