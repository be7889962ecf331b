/** What `floodgate scrub` is asked, as commander has it. */

export interface ScrubFlags {
  readonly key?: string;
  readonly check?: boolean;
  readonly original?: string;
}
