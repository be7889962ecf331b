/**
 * What a command writes and prints, without the secrets that its own words or its environment hold: reports, notes, errors and logs go through
 * the rules that a bundle goes through. One place for all of them; commands of the configuration that was read are known too.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { projectTexts } from '../redaction/project-texts.ts';
import type { Redactor } from '../redaction/redactor.ts';
import { splitWords, withoutAssignments } from './command-words.ts';

/** `sh -c "…"` within `sh -c "…"`: deeper is no command that people write. */
const depthMax = 4;

/** @param known commands beside the words of this process: those of a run that it starts, of a configuration */
export async function plainOutput<T>(value: T, known: readonly string[] = []): Promise<T> {
  return (await ownRedactor(known)).value(value);
}

/** A command line of floodgate, whose words stay words. @param known as above */
export async function plainCommand(line: string, known: readonly string[] = []): Promise<string> {
  return (await ownRedactor(known)).command(line);
}

/** A log, in its place; one that does not exist, or holds no secret, stays as it is. */
export async function makePlain(file: string): Promise<void> {
  const text = readText(file);
  if (text === undefined || text === '') return;
  const redactor = await ownRedactor();
  // Load generators print the same lines again and again.
  const plain = new Map<string, string>();
  const lines = text.split('\n').map((line) => {
    const known = plain.get(line) ?? redactor.text(line);
    plain.set(line, known);
    return known;
  });
  const written = lines.join('\n');
  if (written === text) return;
  try {
    writeFileSync(file, written, { mode: 0o600 });
  } catch {
    // A full disk, say: better none than one with secrets.
    rmSync(file, { force: true });
  }
}

/** The rules take a quarter of a second to load: only who has something to write waits for them. @param known as above */
export async function ownRedactor(known: readonly string[] = []): Promise<Redactor> {
  const { Redactor } = await import('../redaction/redactor.ts');
  const { commands: ofProject, names } = projectTexts();
  const words = [...process.argv.slice(2), ...known, ...ofProject];
  const commands = words.flatMap((word) => partsOf(word, depthMax));
  // They are the environment of what is started.
  const variables = commands.flatMap(({ assigned }) => Object.entries(assigned));
  const environment = { ...Object.fromEntries(variables), ...process.env };
  const beside = variables.map(([name, value]) => ({ [name]: value }));
  return new Redactor(environment).knowing([words, beside, commands.map((each) => each.words)], names);
}

type Parts = ReturnType<typeof withoutAssignments>;

/** Without their quotes, also of commands within commands. */
function partsOf(command: string, depth: number): Parts[] {
  const all = splitWords(command);
  if (depth === 0 || (all.length === 1 && all[0] === command)) return [];
  const parts = withoutAssignments(all);
  return [parts, ...parts.words.flatMap((word) => partsOf(word, depth - 1))];
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
