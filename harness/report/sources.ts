/** Sources of a target, as far as they can be read: for the lines that a report names. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { SourceExcerpt } from '../../reports/model.ts';
import { projectRoot, sourceMaps } from '../profile/files.ts';
import { sourcePosition } from '../profile/source-maps.ts';

/** A source that a person writes is smaller; a bundle's lines are not for reading. */
const sourceBytesMax = 4 * 1024 * 1024;
const linesAround = 2;
/** From the first to the last that is meant, or shown beside it. */
const meantLinesMax = 16;
const lineCharactersMax = 160;

export class Sources {
  readonly #lines = new Map<string, readonly string[]>();

  /** Empty where it cannot be read. @param file as a report names it: absolute, or below the project or the working folder */
  linesOf(file: string): readonly string[] {
    let lines = this.#lines.get(file);
    if (!lines) this.#lines.set(file, (lines = readLines(file)));
    return lines;
  }

  /** Where a place of built code comes from, with the source's name of what stands there; undefined where there is no map. */
  positionOf(
    file: string,
    line: number,
    column: number,
  ): { file: string; line: number; name: string | null } | undefined {
    return sourcePosition(sourceMaps.of(file), line, column);
  }

  /**
   * A place with two lines above it and below, and what else is meant as far as it is near; undefined where there are none.
   * @param beside lines that are shown as well where they are near
   */
  excerpt(
    place: Omit<SourceExcerpt, 'firstLine' | 'lines'>,
    beside: readonly number[] = [],
  ): SourceExcerpt | undefined {
    const { line, alsoMeant = [] } = place;
    const lines = this.linesOf(place.file);
    if (line < 1 || line > lines.length) return undefined;
    let [first, last] = [line, line];
    const byDistance = (a: number, b: number) => Math.abs(a - line) - Math.abs(b - line);
    for (const other of [...alsoMeant.toSorted(byDistance), ...beside]) {
      const [from, to] = [Math.min(first, other), Math.max(last, other)];
      if (to - from < meantLinesMax) [first, last] = [from, to];
    }
    const firstLine = Math.max(1, first - linesAround);
    const shown = lines.slice(firstLine - 1, last + linesAround).map((text) => text.slice(0, lineCharactersMax));
    return { ...place, firstLine, lines: shown };
  }
}

function readLines(file: string): readonly string[] {
  if (file === '' || /^((node|go|wasm):|evalmachine\.)/.test(file)) return [];
  for (const root of path.isAbsolute(file) ? [''] : [process.cwd(), projectRoot]) {
    const place = path.join(root, file);
    try {
      const { size } = statSync(place);
      if (size <= sourceBytesMax) return readFileSync(place, 'utf8').split(/\r?\n/);
    } catch {
      // Not there, or not ours to read.
    }
  }
  return sourceMaps.textOf(file)?.split(/\r?\n/) ?? [];
}
