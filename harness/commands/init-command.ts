/** `floodgate init`: a configuration for a project that has none. */
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { fitLine } from '../../agent/help-layout.ts';
import { draftOf, type ProjectDraft, renderConfig } from '../project/detect.ts';
import { findConfigFile } from '../project/find-config.ts';
import { membersOf } from '../project/members.ts';
import { hideFromGit } from '../project/own-folder.ts';
import { toFillIn } from '../project/to-fill-in.ts';
import { askDraft } from './init-questions.ts';

const examples = `
Examples:
  floodgate init         three questions, each with an answer to accept
  floodgate init --yes   the answers that the folder suggests`;

export function addInitCommand(command: Command): void {
  command
    .description(
      'Writes floodgate.config.ts (or .yaml, where the package is not installed): what starts the service is guessed by its files.',
    )
    .option('-y, --yes', 'asks nothing')
    .addHelpText('after', examples)
    .action(async (flags: { readonly yes?: boolean }) => {
      await init(process.cwd(), flags.yes === true);
    });
}

async function init(folder: string, asksNothing: boolean): Promise<void> {
  const existing = findConfigFile(folder);
  if (existing !== undefined && path.dirname(existing) === folder) {
    throw new FloodgateError('config-exists', `there is ${path.basename(existing)} already`, {
      hint: 'Edit it, or remove it first: docs/project.md shows what it can say.',
    });
  }
  if (!asksNothing && !process.stdin.isTTY) {
    throw new FloodgateError('no-terminal', 'standard input is no terminal, so questions cannot be asked', {
      hint: 'floodgate init --yes asks none.',
    });
  }
  const guessed = draftOf(folder);
  if (guessed.command === undefined) refuseRoot(folder);
  const draft = asksNothing ? guessed : await askDraft(guessed);
  const installed = installedPackage(folder);
  const schema = installed === undefined ? keptSchema : `${installed}/docs/${schemaName}`;
  const { name, text } = renderConfig(draft, installed !== undefined && draft.kind === 'Node.js', schema);
  if (installed === undefined) keepSchema(folder);
  writeFileSync(path.join(folder, name), text, { flag: 'wx' });
  const ignored = ignoreOutput(folder);
  const kind = draft.kind === 'other' ? 'A project' : `${draft.kind} project`;
  const said = `${kind}: wrote ${name}${ignored ? ', and what floodgate writes into .gitignore' : ''}\n${nextSteps(draft, name, text)}`;
  const { columns } = process.stdout;
  process.stdout.write(
    `${said
      .split('\n')
      .map((line) => fitLine(line, columns))
      .join('\n')}\n` +
      'floodgate gate                  runs it and judges it against its budgets\n' +
      'floodgate compare --base main   runs it beside another version\n',
  );
}

/** What is to be done before the first run; empty where nothing is. */
function nextSteps({ command, build, firstBuild, remark }: ProjectDraft, name: string, text: string): string {
  if (command === undefined) {
    const line = text.split('\n').findIndex((each) => each.includes(toFillIn)) + 1;
    return `${remark}.\nFill in ${name}:${line}: "command" is what starts the service.\n`;
  }
  const needed = build ?? firstBuild;
  const first =
    needed === undefined ? '' : `Before the first gate: ${needed} (compare runs it by itself, in each version)\n`;
  return `It is started by: ${command}\n${first}${remark === '' ? '' : `Note: ${remark}.\n`}`;
}

/** @throws FloodgateError where the folder has no service of its own, and projects below it */
function refuseRoot(folder: string): void {
  const members = membersOf(folder);
  const startable = members.filter((name) => draftOf(path.join(folder, name)).command !== undefined);
  const [first] = startable.length > 0 ? startable : members;
  if (first === undefined) return;
  const more = startable.length > 1 ? ` Others: ${startable.slice(1, membersShown).join(', ')}.` : '';
  throw new FloodgateError(
    'project-several',
    'this folder has no service of its own, and projects in folders below it',
    {
      hint: `Go to the one that is to be measured: cd ${first} && npx floodgate init.${more}`,
    },
  );
}

/** As many as a person reads. */
const membersShown = 8;

const schemaName = 'config.schema.json';
/** Where floodgate is not installed in the project, and what it keeps is. */
const keptSchema = `./.floodgate/${schemaName}`;

/** For an editor: this floodgate may be installed anywhere. */
function keepSchema(folder: string): void {
  const kept = path.join(folder, keptSchema);
  mkdirSync(path.dirname(kept), { recursive: true });
  hideFromGit(path.dirname(kept));
  copyFileSync(path.join(packageRoot(), 'docs', schemaName), kept);
}

/** In the repository two folders up, three where it was built. */
function packageRoot(): string {
  const folders = ['../..', '../../..'].map((up) => path.resolve(import.meta.dirname, up));
  return folders.find((folder) => existsSync(path.join(folder, 'docs', schemaName)))!;
}

/** The installed package, relative to the project, as `import … from "floodgate"` finds it there; undefined where it is not. */
function installedPackage(folder: string): string | undefined {
  for (let up = '.'; ; up = up === '.' ? '..' : `${up}/..`) {
    if (existsSync(path.join(folder, up, 'node_modules', 'floodgate', 'package.json')))
      return `${up}/node_modules/floodgate`;
    if (path.resolve(folder, up) === path.parse(path.resolve(folder)).root) return undefined;
  }
}

/** @returns whether anything was added */
function ignoreOutput(folder: string): boolean {
  if (!existsSync(path.join(folder, '.git')) && !existsSync(path.join(folder, '.gitignore'))) return false;
  const file = path.join(folder, '.gitignore');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const missing = ['/.floodgate/', '/runs/'].filter((line) => !text.split(/\r?\n/).includes(line));
  if (missing.length === 0) return false;
  appendFileSync(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}${missing.join('\n')}\n`);
  return true;
}
