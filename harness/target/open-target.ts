/** `--target` as the operator writes it: a process, an address, or a command line. */
import { FloodgateError } from '../../agent/errors.ts';
import { isFileName } from '../redaction/file-paths.ts';
import { splitWords, withoutAssignments } from './command-words.ts';
import { ProcessLauncher } from './process-target.ts';
import { ProgramLauncher, type ProgramOptions } from './program-target.ts';
import type { TargetLauncher } from './target.ts';
import { UrlLauncher } from './url-target.ts';

/** How a target is come by: the ones that run already are left running, and are not started anew for every pass. */
export interface OpenedTarget {
  readonly launcher: TargetLauncher;
  readonly kind: 'process' | 'address' | 'program';
  /** For the report's name and folder: letters, digits, dashes. */
  readonly slug: string;
}

/** @throws FloodgateError `option-invalid` */
export function openTarget(text: string, options: ProgramOptions): OpenedTarget {
  const pid = /^pid:(.*)$/.exec(text)?.[1];
  if (pid !== undefined) {
    if (!/^[1-9]\d{0,9}$/.test(pid)) {
      throw new FloodgateError('option-invalid', `--target: "${text}" names no process`, {
        hint: 'Example: --target pid:1234.',
      });
    }
    return { launcher: new ProcessLauncher(Number(pid)), kind: 'process', slug: `pid-${pid}` };
  }
  if (/^https?:\/\//.test(text)) {
    const launcher = new UrlLauncher(text);
    return { launcher, kind: 'address', slug: slugOf(launcher.name.replace(/^https?:\/\//, '')) };
  }
  const launcher = new ProgramLauncher(text, options);
  return { launcher, kind: 'program', slug: slugOf(programWords(text).join(' ')) };
}

/** A name that people and folders see: the program, what it is asked to do, and files. Variables and values of options may be secrets. */
function programWords(text: string): string[] {
  const [program = '', ...rest] = withoutAssignments(splitWords(text)).words;
  const firstOption = rest.findIndex((word) => word.startsWith('-'));
  return [
    program,
    ...rest.filter((word, at) => isFileName(word) || ((firstOption < 0 || at < firstOption) && isAction(word))),
  ];
}

/** `run dev`, `start:prod`; a number may be a port, and anything else what nobody should see. */
const isAction = (word: string) => /^[a-z]{1,12}(?:[:-][a-z]{1,12}){0,3}$/.test(word) || word === '.';

function slugOf(text: string): string {
  return (
    text
      .replaceAll(/[^A-Za-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 40) || 'target'
  );
}
