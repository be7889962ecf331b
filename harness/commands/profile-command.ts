/** `floodgate profile`: a profile as a list, a tree or the neighbourhood of a function; or in another format. */
import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { formatShare, formatSite, formatValue } from '../../reports/format.ts';
import type { Unit } from '../../reports/model.ts';
import { sitePattern } from '../metrics/site-pattern.ts';
import { type ProfileFormat, profileFormats, writeProfile } from '../profile/any-profile.ts';
import { byFunction, focusProfile, peek, type SiteMatch, top, tree } from '../profile/arithmetic.ts';
import { type Profile, ProfileError, sampleTypeIndex, sumOf } from '../profile/profile.ts';
import { asked, parseRows, profileArgumentHelp, readAnyProfile } from './profile-input.ts';
import { guard } from './report-folder.ts';

interface Flags {
  readonly tree?: boolean;
  readonly peek?: string;
  readonly focus?: string;
  readonly lines?: boolean;
  readonly type?: string;
  readonly rows: string;
  readonly to?: ProfileFormat;
  readonly out?: string;
}

const examples = `${profileArgumentHelp}

Examples:
  floodgate profile runs/latest                            call sites by what they allocated
  floodgate profile heap.pb.gz --tree --lines              the call tree, by line
  floodgate profile heap.pb.gz --peek insert               who calls it, and what it calls
  floodgate profile heap.pb.gz --focus 'agent/tcp/**'      only stacks through these files
  floodgate profile heap.pb.gz --to speedscope -o heap.speedscope.json`;

export function addProfileCommand(command: Command): void {
  command
    .description('Lists the call sites of a profile, draws its call tree, or writes it in another format.')
    .argument('[profile]', 'profile or run to look at', 'runs/latest')
    .option('--tree', 'the call tree, heaviest branch first')
    .option('--peek <name>', 'callers and callees of the functions whose name contains this')
    .option('--focus <pattern>', 'only stacks through a file (with * and **), or file#function')
    .option('--lines', 'by line instead of by function')
    .option('--type <name>', 'sample type, e.g. alloc_space, cpu')
    .option('--rows <n>', 'rows to show', '30')
    .addOption(new Option('--to <format>', 'write it in this format instead').choices(profileFormats))
    .option('-o, --out <file>', 'where to, with --to; standard output otherwise')
    .addHelpText('after', examples)
    .action((file: string, flags: Flags) => {
      const rowsMax = parseRows(flags.rows, '--rows');
      const whole = readAnyProfile(file);
      const { focus } = flags;
      const accept = focus === undefined ? undefined : sitePattern(focus);
      const profile = accept ? focusProfile(whole, (site) => accept(site.file, site.functionName)) : whole;
      if (flags.to === undefined) {
        const hint = 'Give --type one of these.';
        process.stdout.write(asked(file, hint, () => renderProfile(profile, flags, rowsMax)));
      } else {
        const written = converted(profile, flags.to, file, flags.type);
        if (flags.out === undefined) process.stdout.write(written);
        else guard(flags.out, () => writeFileSync(flags.out!, written, { mode: 0o600 }));
      }
    });
}

/** @throws FloodgateError `profile-missing` where the format cannot hold it */
function converted(
  profile: Profile,
  format: ProfileFormat,
  name: string,
  type: string | undefined,
): Uint8Array | string {
  try {
    return writeProfile(profile, format, name, type);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    throw new FloodgateError('profile-missing', `${name} cannot be written as ${format}: ${error.message}`, {
      hint: `It has ${profile.sampleTypes.map((each) => `${each.type} (${each.unit})`).join(', ')}: choose with --type, or another format.`,
      cause: error,
    });
  }
}

function renderProfile(profile: Profile, flags: Flags, rowsMax: number): string {
  const shown = flags.lines ? profile : byFunction(profile);
  const index = sampleTypeIndex(profile, flags.type);
  const { type, unit } = profile.sampleTypes[index]!;
  const whole = sumOf(profile, index);
  const value = (amount: number) => formatAmount(amount, unit).padStart(10);
  const share = (amount: number) => (whole === 0 ? '' : formatShare(amount / whole)).padStart(7);
  const options = { type, rowsMax };
  const lines = [`${type}: ${formatAmount(whole, unit)}`];
  if (flags.peek !== undefined) {
    const wanted = flags.peek;
    for (const each of peek(shown, (site: SiteMatch) => site.functionName.includes(wanted), type).slice(
      0,
      options.rowsMax,
    )) {
      lines.push('', ...each.callers.map(({ site, value: amount }) => `${value(amount)}  from ${formatSite(site)}`));
      lines.push(
        `${value(each.total)} ${share(each.total)}  ${formatSite(each.site)} (own ${formatAmount(each.self, unit)})`,
      );
      lines.push(...each.callees.map(({ site, value: amount }) => `${value(amount)}    to ${formatSite(site)}`));
    }
  } else if (flags.tree) {
    for (const row of tree(shown, options))
      lines.push(`${value(row.total)} ${share(row.total)}  ${' '.repeat(row.depth)}${formatSite(row)}`);
  } else {
    lines.push(`${'own'.padStart(10)} ${''.padStart(7)}  ${'with callees'.padStart(12)}`);
    for (const row of top(shown, options))
      lines.push(`${value(row.self)} ${share(row.self)}  ${value(row.total).padStart(12)}  ${formatSite(row)}`);
  }
  return `${lines.join('\n')}\n`;
}

function formatAmount(amount: number, unit: string): string {
  const units: Record<string, [Unit, number]> = {
    bytes: ['bytes', 1],
    nanoseconds: ['ms', 1e-6],
    microseconds: ['ms', 1e-3],
    milliseconds: ['ms', 1],
    seconds: ['seconds', 1],
  };
  const [as, factor] = Object.hasOwn(units, unit) ? units[unit]! : (['count', 1] as const);
  return formatValue(as === 'count' ? Math.round(amount) : amount * factor, as);
}
