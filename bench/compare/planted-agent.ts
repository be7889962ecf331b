/** Our agent as a checkout, in which one of eight stages can be made to allocate more: what the power of the exact lane is measured on. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

interface AgentPlace {
  readonly file: string;
  /** The line that begins a function which runs again and again. */
  readonly line: string;
}

export const agentPlaces = {
  tcp: { file: 'tcp/tcp.ts', line: '  #segment(' },
  head: { file: 'http/head-parser.ts', line: '  parse(' },
  framing: { file: 'http/body-framing.ts', line: '  consume(' },
  pairing: { file: 'http/pairing.ts', line: '  responseEnded(' },
  body: { file: 'body/body-reader.ts', line: '  finish(complete: boolean): BodyOutcome {' },
  witness: { file: 'witness/witness-builder.ts', line: '  end(message: HttpMessage): void {' },
  packing: { file: 'encode/packed-heads.ts', line: '  close(' },
  digest: { file: 'digest/digest.ts', line: 'export function rekey(' },
} as const satisfies Readonly<Record<string, AgentPlace>>;

export type AgentPlaceName = keyof typeof agentPlaces;

export interface AgentPlant {
  readonly place: AgentPlaceName;
  /** Once in so many calls. */
  readonly every: number;
  /** Numbers in the array that is made then: 8 bytes each. */
  readonly elements: number;
}

/** A checkout of the agent at one path, whatever is planted in it. */
export class PlantedAgent {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    if (existsSync(folder)) return;
    mkdirSync(folder, { recursive: true });
    for (const name of ['agent', 'bin', 'package.json'])
      cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  }

  /** Plants it and nothing else; undefined: the agent as it is. */
  plant(plant: AgentPlant | undefined): void {
    for (const [name, place] of Object.entries(agentPlaces)) {
      const text = readFileSync(path.join(root, 'agent', place.file), 'utf8');
      const planted = plant?.place === name ? planting(text, place, plant) : text;
      const file = path.join(this.folder, 'agent', place.file);
      if (readFileSync(file, 'utf8') !== planted) writeFileSync(file, planted);
    }
  }
}

/** @throws Error where the function is not there any more */
function planting(text: string, { file, line }: AgentPlace, { every, elements }: AgentPlant): string {
  const lines = text.split('\n');
  const at = lines.findIndex((each) => each.startsWith(line) && each.endsWith('{'));
  if (at < 0) throw new Error(`agent/${file} has no line "${line}…{" any more`);
  // A property of the global object: nothing that is kept there can be optimised away.
  const added = `if ((planted.calls = (planted.calls + 1) % ${every}) === 0) planted.last = new Array(${elements}).fill(0);`;
  lines.splice(at + 1, 0, added);
  return `${lines.join('\n')}\nconst planted: { calls: number; last: unknown } = ((globalThis as never as { planted: unknown }).planted = { calls: 0, last: null }) as never;\n`;
}
