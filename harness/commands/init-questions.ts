/** The three questions of `floodgate init`, each asked until its answer is one that a configuration takes. */
import { createInterface, type Interface } from 'node:readline/promises';
import { FloodgateError } from '../../agent/errors.ts';
import { checkConfig } from '../project/check-config.ts';
import type { ProjectConfig } from '../project/define.ts';
import { loadOfUrl, type ProjectDraft } from '../project/detect.ts';

/** Of an answer, as it is written into the file. @throws Error that says what is wrong with it */
type Read = (answer: string) => string;

interface AskedBy {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** @throws FloodgateError `interrupted` where the terminal is left, or closed */
export async function askDraft(
  draft: ProjectDraft,
  { input, output }: AskedBy = { input: process.stdin, output: process.stderr },
): Promise<ProjectDraft> {
  const terminal = createInterface({ input, output });
  const left = new Promise<never>((_, reject) => {
    terminal.once('close', () => reject(new FloodgateError('interrupted', 'interrupted', { hint: '', exitCode: 3 })));
  });
  // Nobody waits for it once the questions are over.
  left.catch(() => {});
  const ask = (question: string, answer: string, read: Read) =>
    asked({ terminal, left, output, question, answer, read });
  if (draft.remark !== '') output.write(`${draft.remark}.\n`);
  try {
    const start = 'What starts the service? PORT says where it is to listen, and {port}.';
    const command = await ask(start, draft.command ?? '', readCommand);
    const load = await ask(
      'What drives it? A command, or an address; {port} is where it listens.',
      draft.load,
      readLoad,
    );
    const budget = await ask('How much resident memory may it take?', draft.budget, readBudget);
    return { ...draft, command: command || undefined, load, budget };
  } finally {
    terminal.close();
  }
}

interface Question {
  readonly terminal: Interface;
  /** Rejects once no answer can come. */
  readonly left: Promise<never>;
  readonly output: NodeJS.WritableStream;
  readonly question: string;
  /** Taken where nothing is typed. */
  readonly answer: string;
  readonly read: Read;
}

async function asked({ terminal, left, output, question, answer, read }: Question): Promise<string> {
  for (;;) {
    const typed = terminal.question(`${question} [${answer}] `);
    // Ctrl-C and Ctrl-D reject it as well as they close the terminal.
    typed.catch(() => {});
    const text = (await Promise.race([left, typed.catch(() => left)])).trim();
    try {
      return read(text || answer);
    } catch (error) {
      output.write(`${(error as Error).message}\n`);
    }
  }
}

const readCommand: Read = (command) => {
  if (command === '') return command;
  check({ targets: { service: { command } } });
  return command;
};

const readLoad: Read = (answer) => {
  const load = loadOfUrl(answer) ?? answer;
  check({ scenarios: [{ name: 'first', load }] });
  return load;
};

const readBudget: Read = (budget) => {
  check({ budgets: { 'rss.max': budget } });
  return budget;
};

/** What a run would refuse is refused here. */
function check(config: ProjectConfig): void {
  try {
    checkConfig(config, 'the answer');
  } catch (error) {
    const [, fault = ''] = (error as Error).message.split('\n');
    throw new Error(fault.trim().replace(/^[\w.]+: /, ''), { cause: error });
  }
}
