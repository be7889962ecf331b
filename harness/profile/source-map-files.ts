/**
 * The source maps of a target's code: inline, in a file of their own, or as its runtime has them (a loader that compiles in memory).
 * Files are read once; what a map holds of the sources themselves is kept for the lines that a report shows.
 */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileOfUrl, type Roots } from './heap-profile.ts';
import { generatedLine, type LoadedMap, sourceFile } from './source-maps.ts';

/** Code that people wait for is smaller, bundles included. */
const codeBytesMax = 64 * 1024 * 1024;
/** A map of a large bundle with all its sources has some 30 MB. */
const mapBytesMax = 64 * 1024 * 1024;
/** The comment stands at the end. */
const tailCharacters = 4_096;
/** A program has some thousands of modules. */
const mapsMax = 20_000;

const comment = /\/\/[#@] ?sourceMappingURL=(\S+)\s*$/;

export class SourceMapFiles {
  readonly #roots: readonly string[];
  readonly #known = new Map<string, LoadedMap | null>();
  readonly #sources = new Map<string, string>();

  /** @param roots file names are relative to these: the first where there is such a file */
  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  /** What a loader compiled in memory. @param maps JSON of a source map by the URL of the code */
  addOfRuntime(maps: Readonly<Record<string, unknown>>): void {
    for (const [url, map] of Object.entries(maps)) {
      if (this.#known.size >= mapsMax || typeof map !== 'object' || map === null) continue;
      const file = fileOfUrl(url, this.#roots as Roots);
      const json = JSON.stringify(map);
      // Every profile brings them again.
      const isKnown = this.#known.get(file)?.json === json;
      if (!isKnown && json.length <= mapBytesMax) this.#keep(file, { json, folder: path.posix.dirname(file) });
    }
  }

  /** Null where the code has none, or it cannot be read. @param file as in a profile */
  of(file: string): LoadedMap | null {
    const known = this.#known.get(file);
    if (known !== undefined) return known;
    const map = this.#load(file);
    if (this.#known.size < mapsMax) this.#keep(file, map);
    return map;
  }

  /** Text of a source that only a map holds; undefined where none does. @param file as `applySourceMaps` names it */
  textOf(file: string): string | undefined {
    return this.#sources.get(file);
  }

  /** The place in built code that a place of a source became, as far as maps have been asked for. @param file as `applySourceMaps` names it */
  builtOf(file: string, line: number): { readonly file: string; readonly line: number } | undefined {
    for (const [built, map] of this.#known) {
      const found = map && generatedLine(map, file, line);
      if (found) return { file: built, line: found };
    }
    return undefined;
  }

  #keep(file: string, map: LoadedMap | null): void {
    this.#known.set(file, map);
    if (map) for (const [source, text] of textsIn(map)) this.#sources.set(source, text);
  }

  #load(file: string): LoadedMap | null {
    if (!/\.[cm]?[jt]sx?$/.test(file)) return null;
    for (const root of path.isAbsolute(file) ? [''] : this.#roots) {
      const place = path.join(root, file);
      const code = readText(place, codeBytesMax);
      if (code === undefined) continue;
      const url = comment.exec(code.slice(-tailCharacters))?.[1] ?? inlineIn(code);
      return this.#follow(file, place, url);
    }
    return null;
  }

  #follow(file: string, place: string, url: string | undefined): LoadedMap | null {
    const folder = path.posix.dirname(file);
    if (url?.startsWith('data:')) return inline(url, folder);
    // Without a comment there may be one beside it all the same.
    const name = url === undefined ? `${path.basename(place)}.map` : decoded(url);
    if (/^[a-z][a-z0-9+.-]+:/i.test(name)) return null;
    const json = readText(path.resolve(path.dirname(place), name), mapBytesMax);
    return json === undefined ? null : { json, folder: path.posix.join(folder, path.posix.dirname(name)) };
  }
}

/** An inline map is one long line: it begins before the end that is looked at. */
function inlineIn(code: string): string | undefined {
  const at = code.lastIndexOf('sourceMappingURL=data:');
  return at < 0 ? undefined : /^\S+/.exec(code.slice(at + 'sourceMappingURL='.length))?.[0];
}

function inline(url: string, folder: string): LoadedMap | null {
  const at = url.indexOf(',');
  if (at < 0 || !/^data:application\/json\b/.test(url)) return null;
  const data = url.slice(at + 1);
  const json = /;base64$/i.test(url.slice(0, at)) ? Buffer.from(data, 'base64').toString('utf8') : decoded(data);
  return { json, folder };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readText(file: string, bytesMax: number): string | undefined {
  try {
    const place = file.startsWith('file:') ? fileURLToPath(file) : file;
    const { size } = statSync(place);
    return size <= bytesMax ? readFileSync(place, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

function textsIn({ json, folder }: LoadedMap): [string, string][] {
  try {
    const { sources, sourcesContent, sourceRoot = '' } = JSON.parse(json);
    if (!Array.isArray(sources) || !Array.isArray(sourcesContent)) return [];
    return sources.flatMap((source, i): [string, string][] => {
      const text = sourcesContent[i];
      const isText = typeof source === 'string' && typeof text === 'string';
      return isText ? [[sourceFile(`${sourceRoot}${source}`, folder), text]] : [];
    });
  } catch {
    return [];
  }
}
