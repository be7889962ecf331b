/** By what a function of one version is recognised in the other: its text, who calls it, what it allocates. Pure but for the texts. */
import { type Callers, functionKey } from './callers.ts';
import type { FunctionInFile } from './changed-lines.ts';
import { fileParts, functionParts, type TextParts } from './function-text.ts';
import { errorsMin, type SiteByRequest } from './site-bytes.ts';

/** As much of it as is known of one version. */
export interface VersionEvidence {
  /** The lines of a file, as the project calls it; undefined where the version has none. @default no file can be read */
  readonly linesOf?: ((file: string) => readonly string[] | undefined) | undefined;
  /** @default unknown */
  readonly callers?: Callers | undefined;
}

export interface Evidence {
  readonly base: VersionEvidence;
  readonly head: VersionEvidence;
}

export const noEvidence: Evidence = { base: {}, head: {} };

/** Of both versions. */
export interface Known {
  readonly base: KnownSites;
  readonly head: KnownSites;
}

export function knownSites({ base, head }: Evidence): Known {
  return { base: new KnownSites(base), head: new KnownSites(head) };
}

/** What is compared of one version, each text read once. */
export class KnownSites {
  readonly #evidence: VersionEvidence;
  readonly #files = new Map<string, TextParts | undefined>();
  readonly #parts = new Map<SiteByRequest, TextParts | undefined>();

  constructor(evidence: VersionEvidence) {
    this.#evidence = evidence;
  }

  /** Undefined where files cannot be read at all. */
  hasFile(file: string): boolean | undefined {
    return this.#evidence.linesOf && this.#evidence.linesOf(file) !== undefined;
  }

  file(file: string): TextParts | undefined {
    if (!this.#files.has(file)) {
      const lines = this.#evidence.linesOf?.(file);
      this.#files.set(file, lines && fileParts(lines));
    }
    return this.#files.get(file);
  }

  text(found: SiteByRequest): TextParts | undefined {
    if (!this.#parts.has(found)) {
      const { file, line, functionName } = found.site;
      const lines = this.#evidence.linesOf?.(file);
      this.#parts.set(found, lines && functionParts(lines, line, functionName));
    }
    return this.#parts.get(found);
  }

  /** Of its file; undefined where that cannot be read. */
  lines({ site: { file } }: SiteByRequest): readonly string[] | undefined {
    return this.#evidence.linesOf?.(file);
  }

  /** Undefined where its file cannot be read. */
  inFile({ site: { file, line, functionName } }: SiteByRequest): FunctionInFile | undefined {
    const lines = this.#evidence.linesOf?.(file);
    return lines && { lines, line, functionName };
  }

  /** By file and name; undefined where stacks are not known. */
  callers({ site: { file, functionName } }: SiteByRequest): ReadonlySet<string> | undefined {
    return this.#evidence.callers?.get(functionKey(file, functionName));
  }
}

/** Within the errors of both. */
export function bytesAlike(a: SiteByRequest, b: SiteByRequest): boolean {
  return Math.abs(a.bytes - b.bytes) <= errorsMin * Math.hypot(a.error, b.error);
}

/** Whether the same function is above both; undefined where it is not known. */
export function callersAlike(
  a: ReadonlySet<string> | undefined,
  b: ReadonlySet<string> | undefined,
): boolean | undefined {
  if (a === undefined || b === undefined) return undefined;
  return (a.size === 0 && b.size === 0) || [...a].some((key) => b.has(key));
}
