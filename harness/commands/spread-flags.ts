/** Several interfaces, as the command line says it. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { parseWhole } from '../metrics/quantity.ts';
import { interfacesMax, type SpreadOrder } from '../traffic/spread-traffic.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';

export interface SpreadFlags {
  readonly interfaces?: string;
  readonly spread?: string;
  readonly impairInterface?: string;
}

export const spreadKinds = ['flow', 'interface'] as const;

export function addSpreadOptions(command: Command): void {
  command
    .option('--interfaces <n>', `as many TAP devices at once, floodgate0 and on, up to ${interfacesMax}`)
    .addOption(
      new Option(
        '--spread <by>',
        'which frame goes into which: by flow, or by the interface it was captured on (of merged captures the file, of floods the part)',
      ).choices([...spreadKinds]),
    )
    .option('--impair-interface <n>', 'impair only what this interface captures, from 0');
}

/** The order with what was asked for in place of the scenario's own. @throws FloodgateError `option-invalid` */
export function withSpread(order: TrafficOrder, flags: SpreadFlags): TrafficOrder {
  const { interfaces, spread, impairInterface } = flags;
  const count =
    interfaces === undefined
      ? (order.spread?.interfaces ?? 1)
      : parseWhole(interfaces, '--interfaces', { min: 1, max: interfacesMax });
  if (count === 1 && (spread ?? impairInterface) !== undefined) {
    const name = spread === undefined ? 'impair-interface' : 'spread';
    throw new FloodgateError('option-invalid', `--${name} is for several interfaces, and there is one`, {
      hint: 'Say how many: --interfaces 8.',
    });
  }
  const by = (spread as SpreadOrder['by'] | undefined) ?? order.spread?.by ?? 'flow';
  const only =
    impairInterface === undefined
      ? order.impair?.interfaceIndex
      : parseWhole(impairInterface, '--impair-interface', { min: 0, max: count - 1 });
  const impair = order.impair && { ...order.impair, interfaceIndex: count > 1 ? only : undefined };
  if (impairInterface !== undefined && !impair) {
    throw new FloodgateError('option-invalid', '--impair-interface says where, and nothing says what is impaired', {
      hint: 'Add --impair, e.g. --impair loss=1%.',
    });
  }
  return { ...order, impair, spread: count === 1 ? undefined : { interfaces: count, by } };
}
