/** What would start a Go service: where its program is, and whether it serves its own profiles. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ServiceGuess } from './service-guess.ts';

/** Of a large repository the first are enough. */
const filesMax = 2_000;

/** As many as a person reads. */
const programsShown = 6;

function listed(names: readonly string[]): string {
  const more = names.length > programsShown ? `, and ${names.length - programsShown} more` : '';
  return `${names.slice(0, programsShown).join(', ')}${more}`;
}

export function guessGo(folder: string): ServiceGuess {
  const files = globSync('**/*.go', { cwd: folder, exclude: (name) => name === 'vendor' || name.startsWith('.') });
  const sources = files
    .filter((file) => !file.endsWith('_test.go'))
    .sort()
    .slice(0, filesMax);
  const texts = sources.map((file) => ({ file, text: readFileSync(path.join(folder, file), 'utf8') }));
  const mains = [
    ...new Set(texts.filter(({ text }) => /^package main$/m.test(text)).map(({ file }) => path.dirname(file))),
  ];
  const place = mains.includes('.') || sources.length === 0 ? '.' : mains[0];
  if (place === undefined) return { kind: 'Go', remark: 'no package in it is a program ("package main")' };
  const isServed = sources.length === 0 || texts.some(({ text }) => text.includes('"net/http/pprof"'));
  const others = mains.filter((each) => each !== place);
  const remarks = [
    ...(isServed ? [] : ['it does not import net/http/pprof: with it, what it allocates would be seen']),
    ...(others.length > 0 ? [`${place} is built; other programs: ${listed(others)} ("build" says which)`] : []),
  ];
  return {
    kind: 'Go',
    command: './service',
    build: `go build -o service ${place === '.' ? '.' : `./${place}`}`,
    ...(isServed && { pprof: 'http://127.0.0.1:{port}/debug/pprof' }),
    ...(remarks.length > 0 && { remark: remarks.join('; ') }),
  };
}
