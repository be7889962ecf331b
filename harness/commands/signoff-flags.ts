/** Options of `floodgate signoff` as commander gives them. */
export interface SignoffFlags {
  readonly release: string;
  readonly candidate: string;
  readonly previous?: string;
  /** The release before it may be the candidate itself. */
  readonly againstItself?: boolean;
  readonly key?: string;
  /** Holds what opens the key. */
  readonly passphraseFile?: string;
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
