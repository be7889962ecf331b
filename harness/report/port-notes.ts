/** What a report says of ports: a load that went to another one than the target was given, and answers counted at several. Pure. */
import { formatCount } from '../../reports/format.ts';
import type { Note } from '../../reports/model.ts';
import type { PassResult } from '../pass/pass-result.ts';

const sentTo = 'the load was sent to port ';

/** A port of its own may be another server than the one that is meant. */
export function portNotes({ otherPort }: Pick<PassResult, 'otherPort'>): Note[] {
  if (!otherPort) return [];
  const { taken, given } = otherPort;
  const text = `${sentTo}${taken}: the target was given port ${given} (PORT) and listens on ${taken}; if another one is meant, say which line of its output says that it is ready (--ready REGEX, ready of the target), or write the port into the load`;
  return [{ severity: 'warning', text }];
}

/** Where answers were counted, if at several ports: figures by the request divide by them. */
export function severalPortsNotes({ answers }: Pick<PassResult, 'answers'>): Note[] {
  if (!answers?.ports || Object.keys(answers.ports).length < 2) return [];
  const { ports, total, ofLoad } = answers;
  const each = Object.entries(ports).map(([port, count]) => `${formatCount(count)} at ${port}`);
  const divisor =
    ofLoad === undefined
      ? 'figures by the request divide by all of them: with those of one port alone they are higher'
      : `growth.perRequest is of the load’s ${formatCount(ofLoad)}, allocated.perRequest of all`;
  const text = `answers of servers at several ports were counted, ${formatCount(total)} in all (${each.join(', ')}): ${divisor}`;
  return [{ severity: 'warning', text }];
}

/** Whether a report says so. */
export function isAtOtherPort(notes: readonly Note[]): boolean {
  return notes.some(({ text }) => text.startsWith(sentTo));
}
