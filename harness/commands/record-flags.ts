/** What `floodgate record` is asked, as commander has it. */

export interface RecordFlags {
  readonly interface?: readonly string[];
  readonly output: string;
  readonly filter?: string;
  readonly snap?: string;
  readonly fileSize: string;
  readonly fileTime: string;
  readonly disk: string;
  readonly ringSize: string;
  readonly duration?: string;
  readonly onSpike?: string;
  readonly spike: string;
  readonly keep: string;
  readonly profileEvery: string;
  readonly profiles?: boolean;
  readonly load?: string;
  readonly target?: string;
  readonly ready?: string;
}
