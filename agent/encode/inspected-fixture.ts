/** For tests: what the inspector says of a witness file that is in memory. */
import { WitnessInspector } from './witness-inspector.ts';

/** All its lines. @throws FloodgateError `not-witnesses` */
export function inspectWitnessFile(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  const inspector = new WitnessInspector(bytes.length, (line) => lines.push(line));
  inspector.push(bytes);
  return lines;
}
