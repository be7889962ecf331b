// `npm run build [FOLDER]`: what is published, into dist/ or another folder. Type-checks and strips the sources, copies what
// is no TypeScript, and bundles the agent.
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
rmSync(dist, { recursive: true, force: true });
const tsc = spawnSync(path.join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json', '--outDir', dist], {
  cwd: root,
  stdio: 'inherit',
});
if (tsc.status !== 0) process.exit(tsc.status ?? 2);

// Style sheets, recordings and settings lie beside the modules that read them.
for (const room of ['agent', 'harness', 'reports', 'scenarios']) {
  for (const name of readdirSync(path.join(root, room), { recursive: true })) {
    if (!/\.(css|json|zst|gz|pcapng|proto)$/.test(name) || name.includes('testdata')) continue;
    cpSync(path.join(root, room, name), path.join(dist, room, name));
  }
}

/**
 * Node.js's own modules come by `getBuiltinModule` and not by `import`, which looks at each of their exports: those of
 * `node:fs` alone load streams, readline and the history of a REPL, 7 ms of CPU. What only a mistake needs comes when it is
 * made: `node:assert`, and `node:child_process` of commander, each with another 4 ms.
 */
const ownModules = {
  name: 'own-modules',
  resolveId: (name) => (/^node:assert(\/strict)?$/.test(name) ? '\0assert' : null),
  load: (id) => (id === '\0assert' ? assertion : null),
  transform(code, id) {
    if (!id.includes('/node_modules/commander/')) return null;
    return code
      .replaceAll("require('node:child_process')", '{ spawn: (...all) => loaded("node:child_process").spawn(...all) }')
      .replaceAll(/require\(('node:\w+')\)/g, 'loaded($1)')
      .replaceAll('loaded(', 'globalThis.process.getBuiltinModule(');
  },
  renderChunk(code) {
    const plain = code.replaceAll(/^import (.+) from ("node:.+");$/gm, (_, names, module) => {
      const loaded = `process.getBuiltinModule(${module})`;
      const [, whole, parts] = /^(\w[\w$]*)?(?:, )?(\{.*\})?$/.exec(names);
      if (parts === undefined) return `const ${whole} = ${loaded};`;
      const picked = `const ${parts.replaceAll(' as ', ': ')} = ${whole ?? loaded};`;
      return whole === undefined ? picked : `const ${whole} = ${loaded}; ${picked}`;
    });
    return { code: plain, map: null };
  },
};

/** As `node:assert/strict`, which is loaded where something does not hold, or for what is asked of it by name. */
const assertion = `
  const loaded = () => process.getBuiltinModule('node:assert/strict');
  export function strict(value, message = 'what must hold does not') {
    if (value) return;
    throw new (loaded().AssertionError)({ message, actual: value, expected: true, operator: '==', stackStartFn: strict });
  }
  Object.setPrototypeOf(strict, new Proxy(Function.prototype, { get: (_, name) => loaded()[name] }));
  export default strict;
`;

// The agent in few files: to find and link 90 modules takes Node.js 60 ms of CPU at each start. Parts that not every run needs
// stay apart. The harness starts the modules instead: a defect takes the place of one of them.
const bundle = await rolldown({
  input: ['agent/main.ts', 'agent/commands/capture-worker.ts'],
  cwd: root,
  platform: 'node',
  // A native addon, and what is loaded by name when a body needs it.
  external: ['koffi', 'yaml'],
  plugins: [ownModules],
  onwarn: (warning) => {
    throw new Error(warning.message);
  },
});
await bundle.write({
  dir: path.join(dist, 'agent-bundle'),
  format: 'esm',
  chunkFileNames: '[name]-[hash].js',
  // Lines stay as they are, for stack traces and profiles; what is read, kept and compared at each start is 4/5, and as V8 keeps
  // it a third: a single character beyond Latin makes all of them two bytes wide.
  comments: { legal: true, annotation: false, jsdoc: false },
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
  // What every capture needs, in one file: these two with all that they import.
  codeSplitting: { groups: [{ name: 'core', test: /agent\/commands\/(command-line|capture)\.ts$/ }] },
});
