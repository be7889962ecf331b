/** `floodgate run`, and so each scenario of a gate, under the Node.js that the project asks for: what a comparison finds for each of its versions. */

import type { Note } from '../../reports/model.ts';
import { gitOutput } from '../compare/git.ts';
import { environmentOf, type Runtime, runtimeIn, runtimeVariable } from '../compare/pinned-runtime.ts';
import { withoutOwnNode } from '../target/path-of-node.ts';

/**
 * Puts it first on the path of this process, for the target and its load. Where whoever started this process has chosen one, nothing is changed.
 * @param folder where the target is started
 * @returns which it is and why, or what cannot be followed
 */
export function pinRuntime(folder: string): Note[] {
  const isChosen = process.env[runtimeVariable] !== undefined;
  delete process.env[runtimeVariable];
  if (isChosen) return [];
  // What npm puts in front is the runtime of floodgate, whatever the project asks for.
  if (process.env.PATH !== undefined) process.env.PATH = withoutOwnNode(process.env.PATH);
  const runtime = runtimeIn(folder, gitOutput(folder, ['rev-parse', '--show-toplevel']) ?? folder);
  const { PATH } = environmentOf(runtime) ?? {};
  if (PATH !== undefined) process.env.PATH = PATH;
  return runtimeWords(runtime);
}

function runtimeWords({ pin, isMissing, unread }: Runtime): Note[] {
  const asked = pin && `Node.js ${pin.version} (${pin.file})`;
  const notes: Note[] = [];
  if (unread !== undefined) {
    const instead = asked ?? 'the Node.js on the path';
    const text = `${unread.file} says "${unread.version}", which names no version: it runs under ${instead}`;
    notes.push({ severity: 'info', text });
  }
  if (asked === undefined) return notes;
  return [
    ...notes,
    isMissing
      ? { severity: 'warning', text: `${asked} is not installed: it runs under the one on the path` }
      : { severity: 'info', text: `it runs under ${asked}, as the project asks` },
  ];
}
