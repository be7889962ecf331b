// The GitHub action's one step of work: reads what to run from the environment, runs it, writes the job's summary. The words are
// split here and never by a shell: what a pull request may have named is never run as a command.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { commentOnPullRequest } from './pull-request-comment.mjs';

const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'floodgate');
const { FLOODGATE_RUN = '', FLOODGATE_OUT = '', FLOODGATE_BASE = '', FLOODGATE_HEAD = '.' } = process.env;
const { GITHUB_OUTPUT, GITHUB_STEP_SUMMARY } = process.env;
/** Of what the run said last: an error, its hint, and what led to it. */
const saidBytesMax = 8 << 10;

/**
 * Quotes hold words together, a backslash takes the next character as it is, as on the command line; nothing is expanded.
 * @param {string} text
 */
function splitWords(text) {
  const quoted = /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs;
  return [...text.matchAll(/(?:[^\s"'\\]|"(?:[^"\\]|\\.)*"|'[^']*'|\\.)+/gs)].map(([word]) =>
    word.replaceAll(
      quoted,
      (
        /** @type {string} */ _all,
        /** @type {string} */ double,
        /** @type {string} */ single,
        /** @type {string} */ escaped,
      ) => (double === undefined ? (single ?? escaped) : double.replaceAll(/\\(["\\$`])/g, '$1')),
    ),
  );
}

/**
 * Runs floodgate with what it writes passed on.
 * @param {string[]} words @param {'inherit' | 'pipe'} output
 * @returns its exit code and its last words on standard error
 */
async function run(words, output) {
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', output, 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    process.stderr.write(chunk);
    said = (said + chunk).slice(-saidBytesMax);
  });
  if (output === 'pipe') child.stdout?.on('data', (chunk) => append(GITHUB_STEP_SUMMARY, chunk));
  const status = await new Promise((resolve) => {
    child.on('error', () => resolve(2));
    child.on('close', (code) => resolve(code ?? 2));
  });
  return { status, said };
}

/** @param {string | undefined} file @param {string | Uint8Array} text */
function append(file, text) {
  if (file) appendFileSync(file, text);
}

/**
 * Text as a block of code that nothing in it can end.
 * @param {string} text
 */
function block(text) {
  const plain = text
    .replaceAll(/\x1b\[[\d;?]*[A-Za-z]/g, '')
    .replaceAll(/[^\n\t\x20-\uffff]/g, '')
    .trim();
  const ticks = [...plain.matchAll(/`+/g)].map(([run]) => run.length);
  const fence = '`'.repeat(Math.max(3, ...ticks.map((length) => length + 1)));
  return `${fence}text\n${plain}\n${fence}\n`;
}

append(GITHUB_OUTPUT, `report=${FLOODGATE_OUT.split('\n')[0]}\n`);
const words =
  FLOODGATE_BASE === ''
    ? splitWords(FLOODGATE_RUN)
    : ['compare', `--base=${FLOODGATE_BASE}`, `--head=${FLOODGATE_HEAD === '' ? '.' : FLOODGATE_HEAD}`];
const { status, said } = await run([...words, '--out', FLOODGATE_OUT], 'inherit');
const comparison = path.join(FLOODGATE_OUT, 'comparison.md');
if (existsSync(path.join(FLOODGATE_OUT, 'report.json'))) {
  await run(['report', FLOODGATE_OUT, '--format', 'markdown'], 'pipe');
} else if (existsSync(comparison)) {
  const text = readFileSync(comparison, 'utf8');
  append(GITHUB_STEP_SUMMARY, text);
  if (process.env.FLOODGATE_COMMENT === 'true') {
    process.stdout.write(`::notice::${await commentOnPullRequest(text, process.env)}\n`);
  }
} else {
  append(
    GITHUB_STEP_SUMMARY,
    `### floodgate made no report (exit code ${status})\n\n${block(said || 'It said nothing.')}`,
  );
}
process.exitCode = status;
