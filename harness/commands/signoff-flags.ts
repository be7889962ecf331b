/** Options of `floodgate signoff` as commander gives them. */
export interface SignoffFlags {
  readonly release: string;
  readonly candidate: string;
  readonly previous?: string;
  readonly key?: string;
  readonly out?: string;
  readonly archive?: boolean;
  readonly config?: string;
  readonly set?: string;
  readonly only?: readonly string[];
  readonly env?: string;
  readonly lane?: readonly ('tap' | 'exact')[];
  readonly compareLane?: readonly ('tap' | 'exact')[];
  readonly maxPairs: string;
  readonly maxTime: string;
  readonly seed?: string;
  readonly pdf: boolean;
  readonly includeSnapshots?: boolean;
}
